"""What several files of checks need: inputs, and ops of their own."""

import contextlib

import numpy as np


def draw(rng, shape):
    """Return numbers a distance away from 0."""
    return rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def gradients(stage, op, value, out_grad, *inputs):
    """Return what `op.gradient` gives for each of `inputs`.

    `value` is the right result, whatever `compute` makes of it: a gradient is judged alone.
    """
    compute = op.compute

    def known(*arrays):
        with contextlib.suppress(Exception):  # it may keep something for the gradient
            compute(*arrays)
        return value

    op.compute = known
    tensors = [stage.Tensor(x) for x in inputs]
    node = op(*tensors)
    return list(op.gradient_as_tuple(stage.Tensor(out_grad), node))


def mix(stage):
    """Return an op that adds its inputs, times weights: no operator of the stage is needed."""

    class Mix(stage.TensorOp):
        def __init__(self, *weights):
            self.weights = weights

        def compute(self, *arrays):
            return sum(weight * array for weight, array in zip(self.weights, arrays, strict=True))

        def gradient(self, out_grad, node):
            return tuple(Mix(weight)(out_grad) for weight in self.weights)

    return Mix


def product(stage):
    """Return the op of the product of two tensors."""

    class Product(stage.TensorOp):
        def compute(self, a, b):
            return a * b

        def gradient(self, out_grad, node):
            a, b = node.inputs
            return Product()(out_grad, b), Product()(out_grad, a)

    return Product


def linked(stage, rng, links):
    """Return a value for each of `links`, made of those that it names; a leaf where it is empty."""
    op, nodes = mix(stage), []
    for inputs in links:
        if inputs:
            weights = rng.uniform(-1.0, 1.0, len(inputs))
            nodes.append(op(*weights)(*[nodes[i] for i in inputs]))
        else:
            nodes.append(stage.Tensor(rng.standard_normal(2)))
    return nodes


def random_links(rng, leaves, size):
    """Return links of `leaves` leaves and `size` values, each made of one to three before it."""
    links = [[] for _ in range(leaves)]
    for _ in range(size):
        links.append(rng.integers(len(links), size=rng.integers(1, 4)).tolist())
    return [*links, list(range(len(links)))[:-4:-1]]


def one_hot(rng, rows, classes):
    """Return random labels as rows of zeros and a one."""
    return np.eye(classes)[rng.integers(classes, size=rows)]


def labels(stage, y):
    """Return labels as a tensor that needs no gradient."""
    return stage.Tensor(y, requires_grad=False)


def problem(rng, rows):
    """Return images, labels and weights of a network with 6 inputs, 5 hidden units, 4 classes."""
    X, y = rng.standard_normal((rows, 6)), rng.integers(4, size=rows)
    return X, y, rng.standard_normal((6, 5)), rng.standard_normal((5, 4))
