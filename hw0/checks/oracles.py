"""What checks expect, in NumPy: where more than one file of checks expects it."""

import numpy as np


def scaled(pixels):
    """Return images as rows of float32 from 0 to 1."""
    return (pixels.reshape(len(pixels), -1) / 255.0).astype(np.float32)


def softmax(Z):
    """Return the softmax of each row."""
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def softmax_loss(Z, y):
    """Return the mean cross-entropy of logits."""
    Z = Z.astype(np.float64)
    peaks = Z.max(axis=1)
    totals = np.log(np.exp(Z - peaks[:, None]).sum(axis=1)) + peaks
    return float(np.mean(totals - Z[np.arange(len(y)), y]))


def softmax_regression(X, y, theta, lr, batch):
    """Return theta after an epoch, in the dtype it has."""
    dtype = theta.dtype
    X, theta = X.astype(np.float64), theta.astype(np.float64)
    for start in range(0, len(X), batch):
        x, labels = X[start : start + batch], y[start : start + batch]
        G = softmax(x @ theta) - np.eye(theta.shape[1])[labels]
        theta = theta - lr / len(x) * x.T @ G
    return theta.astype(dtype)


def network(X, y, W1, W2, lr, batch):
    """Return the weights of the network ReLU(X W1) W2 after an epoch, in the dtype they have."""
    dtype = W1.dtype
    X, W1, W2 = (a.astype(np.float64) for a in (X, W1, W2))
    for start in range(0, len(X), batch):
        x, labels = X[start : start + batch], y[start : start + batch]
        hidden = np.maximum(x @ W1, 0)
        G = softmax(hidden @ W2) - np.eye(W2.shape[1])[labels]
        D = (G @ W2.T) * (hidden > 0)
        W1, W2 = W1 - lr / len(x) * x.T @ D, W2 - lr / len(x) * hidden.T @ G
    return W1.astype(dtype), W2.astype(dtype)
