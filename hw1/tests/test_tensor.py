"""What a tensor is made of, and how it behaves as a Python object."""

import copy
import pickle

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import assert_close

BASE = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    ("source", "shape", "dtype"),
    [
        ([[1, 2], [3, 4]], (2, 2), "int64"), ([1.0, 2.0], (2,), "float64"), (3, (), "int64"),
        (2.5, (), "float64"), (True, (), "bool"), ([True, False], (2,), "bool"),
        ([], (0,), "float64"), ([[], []], (2, 0), "float64"),
        (range(3), (3,), "int64"), ((1, 2.5), (2,), "float64"),
        (np.float32(1.5), (), "float32"), (np.array(7, "int8"), (), "int8"),
        (np.zeros((2, 0, 3), "float16"), (2, 0, 3), "float16"),
    ],
)  # fmt: skip
def test_tensor_is_made_of_numbers_lists_and_arrays_with_numpys_choice_of_dtype(
    source, shape, dtype
):
    x = Tensor(source)
    assert x.shape == shape
    assert x.ndim == len(shape)
    assert x.size == int(np.prod(shape))
    assert x.dtype == np.asarray(source).dtype == dtype
    assert x.requires_grad
    assert x.is_leaf()
    assert_close(x, np.asarray(source))


@pytest.mark.parametrize(
    "array",
    [
        BASE, np.asfortranarray(BASE), BASE.T, BASE[::-1, ::2], np.broadcast_to(BASE[0], (3, 4)),
        BASE.astype(">f8"), BASE.astype(">i2"), BASE.astype("<f4"),
    ],
    ids=["C", "Fortran", "transposed", "strided", "broadcast", "byte-swapped", "swapped int", "f4"],
)  # fmt: skip
@pytest.mark.parametrize("writeable", [True, False])
def test_array_of_any_layout_is_copied_with_its_values(array, writeable):
    array = array.view()
    array.flags.writeable = writeable and array.flags.writeable
    x = Tensor(array)
    assert not np.shares_memory(x.cached_data, array)
    assert x.dtype.isnative
    assert_close(x, array)
    assert_close((x * 2 + 1), array * 2 + 1)
    assert x.cached_data.flags.writeable
    (x * 1.5).backward()
    assert x.grad.shape == array.shape


def test_subclass_of_ndarray_becomes_a_plain_array():
    assert type(Tensor(np.ma.array([1.0, 2.0])).cached_data) is np.ndarray


def test_dtype_converts():
    x = Tensor([1, 2], dtype="float32")
    assert x.dtype == np.float32
    assert Tensor(x, dtype="float64").dtype == np.float64
    assert Tensor([1.7], dtype="int32").item() == 1


def test_tensor_of_a_tensor_shares_its_array_unless_the_dtype_differs():
    x = Tensor([1.0, 2.0])
    assert Tensor(x).cached_data is x.cached_data
    assert Tensor(x, dtype="float64", device=ndl.cpu()).cached_data is x.cached_data
    other = Tensor(x, dtype="float32")
    assert other.dtype == np.float32
    assert not np.shares_memory(other.cached_data, x.cached_data)
    result = Tensor(x * 2)
    assert result.is_leaf()


@pytest.mark.parametrize(
    "source", ["1.5", ["1.5", "2"], None, [None], object(), {"a": 1}, 1j, [1 + 2j], b"12",
               np.array([1, 2], dtype=object), np.array(["2020-01-01"], dtype="datetime64[D]")],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [None, "float32"])
def test_what_is_no_real_number_is_refused_also_when_numpy_would_convert_it(source, dtype):
    with pytest.raises(TypeError, match="real numbers, not dtype"):
        Tensor(source, dtype=dtype)


@pytest.mark.parametrize("dtype", ["U3", "complex128", object])
def test_dtype_of_no_real_number_is_refused(dtype):
    with pytest.raises(TypeError, match="real numbers, not dtype"):
        Tensor([1.0], dtype=dtype)


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="inhomogeneous"):
        Tensor([[1.0, 2.0], [3.0]])


def test_data_is_a_constant_that_shares_the_array():
    x = Tensor([1.0, 2.0])
    y = x * 2
    for tensor in (x, y):
        data = tensor.data
        assert data.cached_data is tensor.cached_data
        assert data.is_leaf()
        assert not data.requires_grad


def test_data_is_set_to_a_tensor_of_the_same_dtype_and_of_any_shape():
    x = Tensor([1.0, 2.0])
    x.data = Tensor([[3.0, 4.0, 5.0]])
    assert x.shape == (1, 3)
    (x * x).backward()
    assert_close(x.grad, [[6.0, 8.0, 10.0]])
    assert x.requires_grad


@pytest.mark.parametrize("value", [np.ones(2), [1.0, 2.0], 3.0, None])
def test_data_is_not_set_to_anything_but_a_tensor(value):
    x = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=f"not to {type(value).__name__}"):
        x.data = value
    assert_close(x, [1.0, 2.0])


def test_data_of_another_dtype_is_refused_and_changes_nothing():
    x = Tensor([1.0, 2.0], dtype="float32")
    with pytest.raises(TypeError, match=r"float32.*float64"):
        x.data = Tensor([1.0, 2.0])
    assert x.dtype == np.float32


def test_numpy_gives_a_copy():
    x = Tensor([1.0, 2.0])
    for values in (x.numpy(), np.array(x), np.asarray(x)):
        values[0] = 100.0
    assert_close(x, [1.0, 2.0])
    assert type(Tensor(3.0).numpy()) is np.ndarray
    assert type(Tensor([3.0]).sum().numpy()) is np.ndarray


def test_numpy_converts_a_tensor_to_a_dtype_but_not_without_a_copy():
    x = Tensor([1.5, 2.5])
    assert np.asarray(x, dtype="float32").dtype == np.float32
    with pytest.raises(ValueError, match="copy"):
        np.array(x, copy=False)


@pytest.mark.parametrize("source", [2.5, [2.5], [[2.5]], np.float32(2.5)])
def test_tensor_of_one_element_is_a_number(source):
    x = Tensor(source)
    assert x.item() == 2.5
    assert type(x.item()) is float
    assert float(x) == 2.5
    assert int(x) == 2
    assert bool(x) is True
    assert f"{x:.3f}" == "2.500"
    assert type(Tensor(3).item()) is int


@pytest.mark.parametrize("shape", [(2,), (0,), (2, 2)])
@pytest.mark.parametrize("convert", [float, int, bool, Tensor.item, "{:.3f}".format])
def test_tensor_of_several_elements_or_none_is_no_number(convert, shape):
    with pytest.raises(ValueError, match=r"shape \("):
        convert(Tensor(np.ones(shape)))


def test_truth_is_that_of_the_element():
    assert not Tensor(0.0)
    assert Tensor([np.nan])


def test_length_and_iteration_go_along_the_first_axis():
    x = Tensor(BASE)
    assert len(x) == 3
    rows = list(x)
    assert [row.shape for row in rows] == [(4,)] * 3
    assert_close(rows[-1], BASE[-1])
    sum(row.sum() * weight for weight, row in enumerate(x)).backward()
    assert_close(x.grad, np.repeat([[0.0], [1.0], [2.0]], 4, axis=1))
    assert list(Tensor(np.zeros((0, 2)))) == []


@pytest.mark.parametrize("ask", [len, iter, list])
def test_0d_tensor_has_no_length_and_is_not_iterated(ask):
    with pytest.raises(TypeError, match="0-d tensor"):
        ask(Tensor(1.0))


def test_hash_is_identity_so_that_tensors_are_keys():
    x, y = Tensor([1.0]), Tensor([1.0])
    table = {x: "x", y: "y"}
    assert table[x] == "x"
    assert table[y] == "y"
    assert len({x, y, x}) == 2


def test_repr_tells_values_dtype_device_and_origin():
    x = Tensor([1.0, 2.0], dtype="float32")
    assert repr(x) == "Tensor([1., 2.], dtype=float32, device=needle.cpu(), requires_grad=True)"
    assert repr(x.detach()) == "Tensor([1., 2.], dtype=float32, device=needle.cpu())"
    assert repr(x * 2) == "Tensor([2., 4.], dtype=float32, device=needle.cpu(), op=MulScalar)"
    assert str(Tensor(1)) == f"{Tensor(1)}" == repr(Tensor(1))
    assert len(repr(Tensor(np.zeros((1000, 1000))))) < 1000


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_leaf_is_pickled_and_copied_without_sharing(duplicate, requires_grad):
    x = Tensor([[1.0, 2.0]], dtype="float32", requires_grad=requires_grad)
    (x * x + Tensor(1.0)).backward()  # a graph and a gradient are not in the way
    y = duplicate(x)
    assert type(y) is Tensor
    assert_close(y, x)
    assert y.dtype == np.float32
    assert y.requires_grad is requires_grad
    assert not np.shares_memory(y.cached_data, x.cached_data)
    assert y.grad is None


def test_shallow_copy_of_a_leaf_shares_the_array():
    x = Tensor([1.0])
    assert copy.copy(x).cached_data is x.cached_data
    assert copy.copy(x) is not x


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_result_of_an_op_is_not_pickled_or_copied(duplicate):
    with pytest.raises(TypeError, match=r"only leaves.*detach"):
        duplicate(Tensor([1.0]) * 2)


def test_reshape_takes_sizes_one_by_one_or_together():
    x = Tensor(BASE)
    for shape in [((4, 3),), ([4, 3],), (4, 3), (-1, 3), (np.int64(4), 3)]:
        assert x.reshape(*shape).shape == (4, 3)


def test_augmented_assignment_makes_a_new_tensor():
    x = before = Tensor([1.0, 2.0])
    x += 1
    x *= before
    x -= Tensor([1.0, 1.0])
    x /= 2
    x **= 2
    assert_close(before, [1.0, 2.0])
    assert_close(x, [0.25, 6.25])
    x.backward()
    v = before.numpy()
    assert_close(before.grad, 2 * ((v + 1) * v - 1) / 2 * (2 * v + 1) / 2)


def test_nothing_can_be_stored_in_a_tensor_by_a_misspelt_name():
    with pytest.raises(AttributeError):
        Tensor([1.0]).gard = 1
