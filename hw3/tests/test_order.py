"""Where results lie in memory: as their operands do, if those have no gaps."""

import itertools

import numpy as np
import pytest

import needle_hw3 as nd

SHAPE = (2, 3, 4)


def turned(backend, order):
    """Return an array of shape SHAPE whose memory has the axes in `order`."""
    sizes = [SHAPE[axis] for axis in order]
    x = backend.array(np.arange(24, dtype="float32").reshape(sizes))
    return x.permute([order.index(axis) for axis in range(3)])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_results_lie_as_the_first_operand_of_their_shape(backend, order):
    x = turned(backend, order)
    other, row = turned(backend, (2, 0, 1)), backend.array([1.0, 2.0, 3.0, 4.0])
    for result, expected in [
        (-x, -x.numpy()), (x + 1, x.numpy() + 1), (2 - x, 2 - x.numpy()),
        (x + other, x.numpy() + other.numpy()), (x * row, x.numpy() * row.numpy()),
        (row * x, x.numpy() * row.numpy()), (x > 3, x.numpy() > 3),
        (nd.where(x > 3, x, -x), np.abs(x.numpy()) * np.where(x.numpy() > 3, 1, -1)),
        (nd.astype(x, nd.float64), x.numpy().astype("float64")),
    ]:  # fmt: skip
        assert result.strides == x.strides
        np.testing.assert_array_equal(result.numpy(), expected)


def test_results_of_operands_with_gaps_are_row_major(backend):
    x = backend.array(np.arange(48.0).reshape(4, 3, 4))
    repeated = backend.array([1.0, 2.0]).broadcast_to((3, 2))
    for view in (x[::2], x.T if x.ndim == 2 else x.mT[:, ::-1], repeated, x[:, 1:2].mT):
        for result in (-view, view + view, view > 1):
            assert result.strides == nd.NDArray.compact_strides(view.shape)
            assert result.is_compact()


def test_copies_are_row_major(backend):
    x = turned(backend, (2, 1, 0))
    for copied in (x.compact(), nd.asarray(x, copy=True), backend.array(x)):
        assert copied.is_compact()
        np.testing.assert_array_equal(copied.numpy(), x.numpy())
