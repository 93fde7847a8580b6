"""What checks expect, in NumPy: where more than one file of checks expects it."""

import numpy as np


def post_order(links, roots):
    """Return each value once, after all that it was made of, by numbers in `links`."""
    order = []

    def visit(i):
        if i not in order:
            for j in links[i]:
                visit(j)
            if i not in order:
                order.append(i)

    for root in roots:
        visit(root)
    return order


def softmax(Z):
    """Return the softmax of each row."""
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def softmax_loss(Z, y):
    """Return the mean cross-entropy of logits with labels as rows of probabilities."""
    peaks = Z.max(axis=1, keepdims=True)
    totals = np.log(np.exp(Z - peaks).sum(axis=1)) + peaks[:, 0]
    return np.mean(totals - (Z * y).sum(axis=1))


def trained(X, y, W1, W2, lr, batch):
    """Return the weights of the network ReLU(X W1) W2 after an epoch."""
    W1, W2 = W1.astype(np.float64), W2.astype(np.float64)
    for start in range(0, len(X), batch):
        x, labels = X[start : start + batch], y[start : start + batch]
        hidden = np.maximum(x @ W1, 0)
        G = softmax(hidden @ W2)
        G[np.arange(len(x)), labels] -= 1
        D = (G @ W2.T) * (hidden > 0)
        W1, W2 = W1 - lr / len(x) * x.T @ D, W2 - lr / len(x) * hidden.T @ G
    return W1, W2
