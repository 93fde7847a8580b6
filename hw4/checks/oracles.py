"""What checks expect, in NumPy: where more than one file of checks expects it."""

from itertools import repeat

import numpy as np


def slope(f, arrays, number, step=1e-5):
    """Return the central differences of the number f(*arrays) for one of the arrays."""
    array = arrays[number]
    result = np.empty_like(array)
    for place in np.ndindex(array.shape):
        value = array[place]
        array[place] = value + step
        above = f(*arrays)
        array[place] = value - step
        result[place] = (above - f(*arrays)) / (2 * step)
        array[place] = value
    return result


def dilated(x, axes, dilation):
    """Return `x` with zeros between its elements along some axes."""
    shape = [n * (dilation + 1) if axis in axes else n for axis, n in enumerate(x.shape)]
    result = np.zeros(shape)
    result[tuple(slice(None, None, dilation + 1 if a in axes else 1) for a in range(x.ndim))] = x
    return result


def whole_kernel(w, dilation, groups):
    """Return `w` as a kernel of all channels, with zeros in between."""
    d, e = np.broadcast_to(dilation, 2)
    height, width, inputs, outputs = w.shape
    whole = np.zeros(((height - 1) * d + 1, (width - 1) * e + 1, inputs * groups, outputs))
    for group in range(groups):
        ins = slice(group * inputs, (group + 1) * inputs)
        outs = slice(group * outputs // groups, (group + 1) * outputs // groups)
        whole[::d, ::e, ins, outs] = w[..., outs]
    return whole


def convolved(x, w, stride, padding, dilation=1, groups=1):
    """Return the convolution of images (N, H, W, C); settings are numbers, or pairs of them."""
    (s, t), (p, q) = np.broadcast_to(stride, 2), np.broadcast_to(padding, 2)
    w = whole_kernel(w, dilation, groups)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, [(0, 0), (p, p), (q, q), (0, 0)]), w.shape[:2], axis=(1, 2)
    )
    return np.tensordot(windows[:, ::s, ::t], w, ([3, 4, 5], [2, 0, 1]))


def conv_layer(x, w, b, stride):
    """Return the convolution of images (N, C, H, W), with zeros around them, plus `b`."""
    y = convolved(x.transpose(0, 2, 3, 1), w, stride, len(w) // 2) + b
    return y.transpose(0, 3, 1, 2)


def batch_normalized(x, w, b, mean=None, variance=None):
    """Return images (N, C, H, W), normalised by their own moments if there are no others."""
    axes = (0, 2, 3)
    mean = x.mean(axes) if mean is None else mean
    variance = x.var(axes) if variance is None else variance
    columns = (a[:, None, None] for a in (mean, variance, w, b))
    mean, variance, w, b = columns
    return w * (x - mean) / np.sqrt(variance + 1e-5) + b


def resnet9(x, values, moments=None):
    """Return the logits with these parameters; moments are those of batches if None."""
    values, moments = iter(values), repeat(None) if moments is None else iter(moments)

    def layer(x, stride):
        y = conv_layer(x, next(values), next(values), stride)
        return np.maximum(
            batch_normalized(y, next(values), next(values), next(moments), next(moments)), 0
        )

    x = layer(layer(x, 4), 2)
    x = x + layer(layer(x, 1), 1)
    x = layer(layer(x, 2), 2)
    x = x + layer(layer(x, 1), 1)
    x = np.maximum(x.reshape(len(x), 128) @ next(values) + next(values), 0)
    return x @ next(values) + next(values)


FUNCTIONS = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}


def rnn_states(nonlinearity, x, h, W_ih, W_hh, bias):
    """Return the states of a layer."""
    result = []
    for step in x:
        h = FUNCTIONS[nonlinearity](step @ W_ih + h @ W_hh + bias)
        result.append(h)
    return np.stack(result)


def rnn_layers(nonlinearity, x, h, cells):
    """Return the states of the last layer, and the last states of all."""
    last = []
    for state, (W_ih, W_hh, b, c) in zip(h, cells, strict=True):
        x = rnn_states(nonlinearity, x, state, W_ih, W_hh, b + c)
        last.append(x[-1])
    return x, np.stack(last)


def lstm_step(gates, c):
    """Return the state and the cell after a step."""
    i, f, g, o = np.split(gates, 4, axis=-1)
    c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    return np.tanh(c) / (1 + np.exp(-o)), c


def lstm_states(x, h, c, W_ih, W_hh, bias):
    """Return the states of a layer, and the last cell."""
    result = []
    for row in x:
        h, c = lstm_step(row @ W_ih + h @ W_hh + bias, c)
        result.append(h)
    return np.stack(result), c


def lstm_cell(x, h, c, weights):
    """Return the state and the cell after a step of a layer with two biases."""
    output, c = lstm_states(x[None], h, c, *weights[:2], weights[2] + weights[3])
    return output[0], c


def lstm_layers(x, h, c, cells):
    """Return the states of the last layer, and the last states and cells of all."""
    last = []
    for state, cell, (W_ih, W_hh, a, b) in zip(h, c, cells, strict=True):
        x, memory = lstm_states(x, state, cell, W_ih, W_hh, a + b)
        last.append((x[-1], memory))
    return [x, *(np.stack(part) for part in zip(*last, strict=True))]


def softmax(x, axis=-1):
    """Return the softmax along an axis."""
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def attention(q, k, v, causal):
    """Return the result and the weights, the last query being beside the last key."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if causal:
        seen = np.tri(q.shape[-2], k.shape[-2], k.shape[-2] - q.shape[-2], dtype=bool)
        scores = np.where(seen, scores, -np.inf)
    probabilities = softmax(scores)
    return probabilities @ v, probabilities


def layer_normalized(x, w, b):
    """Return `x`, normalised along its last axis."""
    centred = x - x.mean(-1, keepdims=True)
    return w * centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) + b


def attention_layer(inputs, values, heads, causal=True):
    """Return what a layer makes of inputs q, k and v; values are its parameters in order."""
    norms, (*projections, out) = values[:6], values[6:]
    parts = [
        (layer_normalized(x, *norms[2 * i : 2 * i + 2]) @ projections[i])
        .reshape(*x.shape[:2], heads, -1)
        .transpose(0, 2, 1, 3)
        for i, x in enumerate(inputs)
    ]
    result, _ = attention(*parts, causal=causal)
    return result.transpose(0, 2, 1, 3).reshape(*inputs[0].shape[:2], -1) @ out


def with_mlp(x, mixed, w, b, W1, b1, W2, b2, masks=(1, 1, 1)):
    """Return what a layer of a transformer makes of x, where attention makes `mixed` of it."""
    x = x + mixed * masks[0]
    inside = np.maximum(layer_normalized(x, w, b) @ W1 + b1, 0) * masks[1]
    return x + (inside @ W2 + b2) * masks[2]


def added(words, rows, n):
    """Return a table of `n` rows: for each word, the sum of its rows."""
    result = np.zeros((n, *rows.shape[words.ndim :]))
    np.add.at(result, words, rows)
    return result


def text_epoch(columns, W, seq_len, lr=0, clip=None, scale=1):
    """Return accuracy, loss and the table after an epoch of truncated backpropagation."""
    state, right, total = 0, 0, 0
    for start in range(0, len(columns) - 1, seq_len):
        words = columns[start : min(start + seq_len, len(columns) - 1)]
        following = columns[start + 1 : start + 1 + seq_len].ravel()
        z = (W[words] + state) * scale
        p = np.exp(z).reshape(-1, len(W))
        p /= p.sum(1, keepdims=True)
        rows = np.arange(len(p))
        right += np.sum(p.argmax(1) == following)
        total -= np.log(p[rows, following]).sum()
        p[rows, following] -= 1
        slope = added(words.ravel(), p / len(p), len(W))
        norm = np.linalg.norm(slope)
        W = W - lr * slope * (1 if clip is None else min(1, clip / (norm + 1e-6)))
        state = z[-1] * 0.5
    count = columns[1:].size
    return [right / count, total / count, W]


def as_images(pixels):
    """Return CIFAR-10's pixels as images (N, C, H, W) of numbers from 0 to 1."""
    return pixels.reshape(-1, 3, 32, 32).astype("float32") / np.float32(255)


def moved(images, draws, padding, p):
    """Return each image cut out of itself with zeros around, and mirrored if w < p."""
    wide = np.pad(images, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    height, width = images.shape[1:3]
    result = []
    for x, (u, v, w) in zip(wide, draws, strict=True):
        i, j = int(u * (2 * padding + 1)), int(v * (2 * padding + 1))
        cut = x[i : i + height, j : j + width]
        result.append(cut[:, ::-1] if w < p else cut)
    return np.stack(result)


def numbered(words):
    """Return the number of each word, by the order in which they come first."""
    order = list(dict.fromkeys(words))
    return [order.index(word) for word in words]
