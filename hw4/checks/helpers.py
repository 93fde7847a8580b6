"""What several files of checks need: inputs, and parts that stand in for others."""

import contextlib
import pickle

import numpy as np

# Channels in and out, kernel size and stride of each convolution of ResNet9.
LAYERS = [
    (3, 16, 7, 4),
    (16, 32, 3, 2),
    *[(32, 32, 3, 1)] * 2,
    (32, 64, 3, 2),
    (64, 128, 3, 2),
    *[(128, 128, 3, 1)] * 2,
]


def fill(stage, tensors, values):
    """Give tensors their values."""
    for tensor, value in zip(tensors, values, strict=True):
        tensor.data = stage.Tensor(value)


def fill_module(stage, module, values):
    """Give the parameters of a module their values, in whatever shape it has them."""
    parameters = module.parameters()
    fill(stage, parameters, [v.reshape(p.shape) for p, v in zip(parameters, values, strict=True)])


def linear_gradients(stage, op, out_grad, *inputs):
    """Return what the gradient of a linear op gives for each of `inputs`.

    Its result is known, to be zeros, whatever `compute` makes of it: a gradient is judged alone.
    """
    compute, held = op.compute, out_grad.realize_cached_data()
    zeros = tuple(a * 0 for a in held) if isinstance(held, tuple) else held * 0

    def known(*arrays):
        with contextlib.suppress(Exception):  # it may keep something for the gradient
            compute(*arrays)
        return zeros

    op.compute = known
    return list(op.gradient_as_tuple(out_grad, op(*inputs)))


def gradients(stage, op, out_grad, inputs, graph):
    """Return what an op gives for each of `inputs`: with a graph of it, or made on arrays."""
    node = op(*inputs)
    with contextlib.nullcontext() if graph else stage.no_grad():
        return list(op.gradient_as_tuple(out_grad, node))


def weight_names(layers):
    """Return the names of the parameters of recurrent layers, in order."""
    names = ["W_ih", "W_hh", "bias_ih", "bias_hh"]
    return [f"{name} of layer {layer}" for layer in range(layers) for name in names]


def rnn_weights(rng, inputs, hidden, gates=1, limit=0.8):
    """Return W_ih, W_hh and two biases of a layer."""
    width = gates * hidden
    shapes = [(inputs, width), (hidden, width), (width,), (width,)]
    return [rng.uniform(-limit, limit, shape) for shape in shapes]


def lstm_weights(rng, inputs, hidden):
    """Return W_ih, W_hh and two biases of a layer."""
    return rnn_weights(rng, inputs, hidden, gates=4, limit=1.5)


def resnet9_parameters(rng):
    """Return values of the parameters of ResNet9, in order."""
    values = []
    for inputs, outputs, kernel, _ in LAYERS:
        scale = 1 / (kernel * np.sqrt(inputs))
        values.append(rng.standard_normal((kernel, kernel, inputs, outputs)) * scale)
        values += [rng.standard_normal(outputs), rng.uniform(0.5, 1.5, outputs)]
        values.append(rng.uniform(-0.5, 0.5, outputs))
    for outputs in (128, 10):
        values.append(rng.standard_normal((128, outputs)) / 11)
        values.append(rng.standard_normal(outputs))
    return values


def layer(stage, matrix):
    """Return a module that stands in for a layer of a transformer: tanh(x matrix)."""

    class Mixing(stage.nn.Module):
        def forward(self, x):
            return stage.tanh(x @ stage.Tensor(matrix))

    return Mixing()


def attention_layer(stage, matrix):
    """Return a module that stands in for attention: tanh(m matrix), m the mean of q, k and v."""

    class Mixing(stage.nn.Module):
        def forward(self, q, k=None, v=None):
            total = q + (q if k is None else k) + (q if v is None else v)
            return stage.tanh(total @ stage.Tensor(matrix / 3))

    return Mixing()


def tiny_model(stage, table):
    """Return a language model whose scores are those of a table; in evaluation a quarter of them.

    It has a state for each text: half of the last scores.
    """

    class Tiny(stage.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = stage.nn.Parameter(stage.Tensor(table))

        def forward(self, x, h=None):
            one_hot = stage.init.one_hot(len(table), x, dtype="float64")
            scores = one_hot @ self.table
            if h is not None:
                scores = scores + h
            if not self.training:
                scores = scores * 0.25
            return scores.reshape((-1, len(table))), scores[-1] * 0.5

    return Tiny()


def draw_images(rng, count):
    """Return the pixels and labels of images, as CIFAR-10's files have them."""
    return rng.integers(256, size=(count, 3072)).astype("uint8"), rng.integers(10, size=count)


def write_batch(path, pixels, labels):
    """Write one of CIFAR-10's files."""
    fields = {b"data": pixels, b"labels": labels.tolist()}
    path.write_bytes(pickle.dumps(fields, protocol=4))


def draw_words(rng, count):
    """Return words of three letters."""
    return ["".join(rng.choice([*"abcde"], 3)) for _ in range(count)]
