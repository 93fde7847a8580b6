"""Results on CUDA do not depend on the order of blocks and threads: not in one bit."""

import os

import numpy as np
import pytest

import needle_hw3 as nd
from needle_hw3 import neural

if "NEEDLE_CUDA_HOST" not in os.environ:
    pytest.skip(
        "NEEDLE_CUDA_HOST does not name the kernels: see `nox -s hw3`", allow_module_level=True
    )

from needle_cuda_host import cuda_host, execution

ORDERS = (1, 2)


class Draw:
    """Makes arrays of drawn values on the device."""

    def __init__(self, rng):
        self.rng = rng

    def numbers(self, *shape):
        return cuda_host().array(self.rng.standard_normal(shape).astype("float32"))

    def whole(self, high, *shape):
        return cuda_host().array(self.rng.integers(0, high, shape))


def reductions(draw):
    # Lines that one block shares with others, and that several blocks share.
    x, long = draw.numbers(3, 70, 5), draw.numbers(2, 9001)
    for values in (x, x.mT, x[:, ::-2], long, long.mT, draw.whole(9, 2, 4097)):
        for axis in (None, 0, -1):
            yield from (nd.sum(values, axis=axis), nd.max(values, axis=axis))
            yield from (nd.argmin(values, axis=axis), nd.any(values, axis=axis))
        yield nd.mean(nd.astype(values, nd.float32))
        yield nd.cumulative_sum(values[0], axis=-1)


def sorts(draw):
    for values in (draw.numbers(3, 1030), draw.whole(7, 5, 40), draw.numbers(70, 3).mT):
        yield from (nd.sort(values), nd.argsort(values, descending=True), *nd.nonzero(values > 0))
    yield from nd.unique_all(draw.whole(9, 300))


def products(draw):
    for m, k, n in ((1, 300, 5), (70, 33, 65), (17, 1030, 4), (3, 4, 130), (130, 64, 64)):
        a, b = draw.numbers(m, k), draw.numbers(k, n)
        yield from (a @ b, b.mT @ a.mT, a[::-1] @ b[:, ::2])
    yield draw.numbers(3, 1, 5, 70) @ draw.numbers(2, 70, 6)


def places(draw):
    x, rows = draw.numbers(40, 24), draw.whole(40, 9, 7)
    yield from (x[rows], x.mT[draw.whole(24, 30)])
    yield nd.take_along_axis(x, draw.whole(24, 40, 3), axis=1)
    # Places that are named twice: the last value stays, and sums are those of one order.
    x[rows[:5]] = draw.numbers(5, 7, 24)
    yield x
    neural.scatter_add(x, draw.whole(5, 200), draw.numbers(200, 24))
    yield x
    x[1:] = x[:-1]
    yield from (x, x[x > 0], nd.where(x > 0, x, -x))


def layers(draw):
    for m, d in ((7, 5), (70, 33), (3, 1100)):
        x, grad, weight = draw.numbers(m, d), draw.numbers(m, d), draw.numbers(d)
        labels = draw.whole(d, m)
        y = neural.softmax(x)
        totals = neural.logsumexp(x)
        yield from (y, neural.softmax_gradient(grad, y), totals, *neural.softmax_loss(x, labels))
        yield neural.softmax_loss_gradient(x, labels, totals, draw.numbers(m))
        for forward, backward in (
            (neural.batch_norm, neural.batch_norm_gradient),
            (neural.layer_norm, neural.layer_norm_gradient),
        ):
            y, mean, variance = forward(x, weight, weight)
            yield from (y, mean, variance, *backward(grad, x, weight, mean, variance))
    h, c, activations = neural.lstm_cell(draw.numbers(5, 132), draw.numbers(5, 33))
    yield from (h, c, activations)
    m, v = draw.numbers(70, 3), nd.abs(draw.numbers(70, 3))
    yield from neural.adam_steps(
        [draw.numbers(70, 3)], [draw.numbers(70, 3)], [m], [v], step=2, lr=0.1, beta1=0.9,
        beta2=0.99, eps=1e-8, weight_decay=0.1, decoupled=True,
    )  # fmt: skip
    yield from (m, v)


def images(draw):
    for channels, filters, groups in ((3, 8, 1), (8, 6, 2), (33, 4, 1)):
        x, w = draw.numbers(2, 9, 8, channels), draw.numbers(3, 3, channels // groups, filters)
        settings = {"stride": 2, "padding": 1, "groups": groups}
        y = neural.conv2d(x, w, **settings)
        yield y
        yield neural.conv2d_input_gradient(y, w, x.shape, **settings)
        yield neural.conv2d_weight_gradient(x, y, w.shape, **settings)
        best, where = neural.max_pool2d(x, 3, 2, 1)
        yield from (best, where, neural.max_pool2d_gradient(best, where, x.shape))
        yield from (neural.avg_pool2d(x, 2), neural.avg_pool2d_gradient(best, x.shape, 3, 2, 1))


@pytest.mark.parametrize("work", [reductions, sorts, products, places, layers, images])
def test_results_are_the_same_in_every_order(work):
    def bits():
        results = work(Draw(np.random.default_rng(0)))
        return [result.numpy().tobytes() for result in results]

    expected = bits()
    try:
        for order in ORDERS:
            execution().set_order(order)
            assert bits() == expected
    finally:
        execution().set_order(int(os.environ.get("NEEDLE_CUDA_HOST_ORDER", "0")))
