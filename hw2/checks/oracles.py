"""What checks expect, in NumPy: where more than one file of checks expects it."""

import numpy as np


def standard(x, axes, eps):
    """Return `x`, normalised along `axes`."""
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def normalize_gradients(x, w, g, axes, eps):
    """Return the gradients of x, w and b, of which w and b are along the last axis."""
    normal, n = standard(x, axes, eps), g * w
    inner = n - n.mean(axes, keepdims=True) - normal * (n * normal).mean(axes, keepdims=True)
    grad = inner / np.sqrt(x.var(axes, keepdims=True) + eps)
    leading = tuple(range(x.ndim - 1))
    return grad, (g * normal).sum(leading), g.sum(leading)


def linear(x, take):
    """Return what a linear layer makes of `x`, with the next two parameters."""
    return x @ next(take) + next(take)


def block_parameters(values, n, inside):
    """Return those of a block of the MLP ResNet in the order of its layers, of `helpers.fill`."""
    first = values[n, inside], values[1, inside], values["ones", inside], values["zeros", inside]
    return [*first, values[inside, n], values[1, n], values["ones", n], values["zeros", n]]


def network_parameters(values, n, hidden, blocks, k):
    """Return those of an MLP ResNet in the order of its layers, out of those of `helpers.fill`."""
    inner = blocks * block_parameters(values, hidden, hidden // 2)
    return [values[n, hidden], values[1, hidden], *inner, values[hidden, k], values[1, k]]


def sgd(starts, gradients, lr, momentum=0.0, weight_decay=0.0):
    """Return the values of parameters after each step; the momentum is damped by itself."""
    points, velocities, values = list(starts), [0.0 * start for start in starts], []
    for arrays in gradients:
        for i, g in enumerate(arrays):
            decayed = g + weight_decay * points[i]
            velocities[i] = momentum * velocities[i] + (1 - momentum) * decayed
            points[i] = points[i] - lr * velocities[i]
            values.append(points[i])
    return values


def adam(starts, gradients, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decay=0.0):
    """Return the values of parameters after each step; `decay` is that of AdamW."""
    points, values = list(starts), []
    m, v = ([0.0 * start for start in starts] for _ in range(2))
    for t, arrays in enumerate(gradients, start=1):
        for i, g in enumerate(arrays):
            decayed = g + weight_decay * points[i]
            m[i] = beta1 * m[i] + (1 - beta1) * decayed
            v[i] = beta2 * v[i] + (1 - beta2) * decayed**2
            ratio = (m[i] / (1 - beta1**t)) / (np.sqrt(v[i] / (1 - beta2**t)) + eps)
            points[i] = points[i] - lr * decay * points[i] - lr * ratio
            values.append(points[i])
    return values


def norm_of(arrays):
    """Return the Euclidean norm of all elements."""
    return np.sqrt(sum(np.sum(array**2) for array in arrays))
