"""Embeddings: rows by number, their gradients, errors."""

import numpy as np
import pytest

from needle_hw4 import Tensor, nn
from needle_shared.testing import assert_close


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
@pytest.mark.parametrize("shape", [(3, 2), (4,), (), (0, 2), (2, 1, 3)])
def test_embedding_is_a_row_for_each_number(here, rng, shape, dtype):
    layer = nn.Embedding(5, 3, dtype="float64")
    numbers = rng.integers(5, size=shape)
    x = Tensor(numbers.astype(dtype), requires_grad=False)
    y = layer(x)
    assert_close(y, layer.weight.numpy()[numbers])
    y.backward()
    expected = np.zeros((5, 3))
    np.add.at(expected, numbers, 1.0)
    assert_close(layer.weight.grad, expected)


def test_embedding_takes_lists_and_arrays_too(here):
    layer = nn.Embedding(4, 2)
    assert_close(layer([[1, 3]]), layer.weight.numpy()[[[1, 3]]])
    assert_close(layer(np.array([2])), layer.weight.numpy()[[2]])


def test_gradient_is_zero_for_rows_that_were_not_asked_for(here):
    layer = nn.Embedding(5, 2)
    expected = np.array([[0, 0], [2, 2], [0, 0], [0, 0], [1, 1]], "float32")
    for create_graph in (True, False):
        layer(Tensor([1, 1, 4])).backward(create_graph=create_graph)
        assert_close(layer.weight.grad, expected)


@pytest.mark.parametrize(("number", "error", "name"), [
    (5, IndexError, "5"), (-1, IndexError, "-1"), (1e9, IndexError, "1000000000"),
    (0.5, TypeError, "0.5"), (np.nan, TypeError, "nan"), (np.inf, TypeError, "inf"),
])  # fmt: skip
def test_number_that_is_no_row_is_named(here, number, error, name):
    with pytest.raises(error, match=name):
        nn.Embedding(5, 2)(Tensor([[0.0, number]]))


def test_weight_may_be_replaced(here):
    layer = nn.Embedding(2, 2)
    layer.weight = Tensor([[1.0, 2.0], [3.0, 4.0]], dtype="float32")
    assert_close(layer(Tensor([1, 0])), np.array([[3, 4], [1, 2]], "float32"))
    assert repr(layer) == "Embedding(2, 2)"
