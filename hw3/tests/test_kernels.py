"""The kernels' protocol, called with hostile arguments: exceptions, and nothing written."""

from types import ModuleType

import numpy as np
import pytest

import needle_hw3 as nd


@pytest.fixture
def kernels(backend):
    return backend.kernels


def view(kernels, values, dtype="float32"):
    return kernels.from_numpy(np.asarray(values, dtype), True)


def test_views_tell_their_layout(kernels):
    x = view(kernels, np.arange(6).reshape(2, 3))
    assert (x.dtype, x.shape, x.strides, x.offset) == ("float32", (2, 3), (3, 1), 0)
    assert (x.ndim, x.size, x.itemsize, x.writable) == (2, 6, 4, True)
    assert x.buffer.size == 24
    y = x.restride((2,), (-3,), 4)
    assert (y.shape, y.strides, y.offset, y.buffer.ptr()) == ((2,), (-3,), 4, x.buffer.ptr())
    assert y.numpy().tolist() == [4.0, 1.0]
    assert not y.readonly().writable
    assert y.writable
    assert not y.readonly().restride((1,), (1,), 0).writable
    with pytest.raises(ValueError, match="read-only"):
        kernels.fill(y.readonly(), 1)
    if kernels.ON_HOST:
        with pytest.raises(ValueError, match="read-only"):
            y.readonly().numpy()[0] = 1


EXTREME = [2**62, -(2**62), 2**63 - 1, -(2**63), 7]


@pytest.mark.parametrize("n", [2, 2**40, 2**62])
@pytest.mark.parametrize("stride", EXTREME)
@pytest.mark.parametrize("offset", [0, *EXTREME])
def test_no_layout_leaves_its_buffer(kernels, n, stride, offset):
    x = view(kernels, [1.0, 2.0, 3.0])
    with pytest.raises((ValueError, OverflowError)):
        x.restride((n,), (stride,), offset)
    with pytest.raises((ValueError, OverflowError)):
        x.restride((n, 2), (stride, stride), offset)


def test_layouts_are_well_formed(kernels):
    x = view(kernels, [1.0, 2.0, 3.0])
    for shape, strides, offset in [
        ((2,), (), 0),
        ((-1,), (1,), 0),
        ((2,), (1,), -1),
        ((1,), (1,), 3),
    ]:
        with pytest.raises(ValueError, match=r"strides|negative|leave"):
            x.restride(shape, strides, offset)
    for arguments in [(("a",), (1,), 0), ((1,), (1.5,), 0), (None, (1,), 0)]:
        with pytest.raises(TypeError):
            x.restride(*arguments)


def test_operands_of_two_dtypes_and_unknown_kinds_are_refused(kernels):
    x, y, b = view(kernels, [1.0]), view(kernels, [1.0], "float64"), view(kernels, [True], "bool")
    for call in (
        lambda: kernels.add(x, y), lambda: kernels.add(b, b), lambda: kernels.logical_and(x, x),
        lambda: kernels.exp(view(kernels, [1], "int32")), lambda: kernels.add_into(x, x, y),
        lambda: kernels.where(x, x, x), lambda: kernels.where(b, x, y),
        lambda: kernels.take(x, x, 0),
        lambda: kernels.gather(x, [x]),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()
    for call in (lambda: kernels.add(x, None), lambda: kernels.exp(np.ones(2))):
        with pytest.raises((TypeError, AttributeError)):
            call()


def test_results_go_into_views_that_they_fit_and_overlap(kernels):
    x = view(kernels, np.arange(6).reshape(2, 3))
    out = view(kernels, np.zeros((2, 3)))
    kernels.multiply_into(out, x, view(kernels, [2.0, 3.0, 4.0]))
    assert out.numpy().tolist() == (np.arange(6).reshape(2, 3) * [2, 3, 4]).tolist()
    flat = x.restride((5,), (1,), 1)
    kernels.add_into(flat, x.restride((5,), (1,), 0), flat)
    assert x.numpy().ravel().tolist() == [0.0, 1.0, 3.0, 5.0, 7.0, 9.0]
    for wrong in ((3,), (1, 3)):
        with pytest.raises(ValueError, match=r"\("):
            kernels.add_into(kernels.empty("float32", wrong), x, x)
    row, column = view(kernels, [1.0, 2.0, 3.0]), view(kernels, [[1.0], [2.0]])
    for a, b in ((row, row), (row, row.restride((), (), 0)), (column, column)):
        with pytest.raises(ValueError, match=r"not \(2, 3\)"):
            kernels.add_into(out, a, b)
    kernels.add_into(out, row, column)
    assert out.numpy().tolist() == [[2.0, 3.0, 4.0], [3.0, 4.0, 5.0]]
    with pytest.raises(TypeError, match="add gives float32"):
        kernels.add_into(kernels.empty("float64", (2, 3)), x, x)
    with pytest.raises(ValueError, match="read-only"):
        kernels.add_into(out.readonly(), x, x)


def test_numbers_are_of_a_kind_that_the_dtype_holds(kernels):
    for dtype, wrong in (("bool", 1), ("int32", 1.0), ("int64", None), ("float32", "1")):
        for call in (
            lambda dtype=dtype, wrong=wrong: kernels.full(dtype, (2,), wrong),
            lambda dtype=dtype, wrong=wrong: kernels.fill(kernels.empty(dtype, (2,)), wrong),
            lambda dtype=dtype, wrong=wrong: kernels.equal_scalar(
                kernels.empty(dtype, (2,)), wrong, False
            ),
        ):
            with pytest.raises(TypeError, match="no number for an array"):
                call()
    with pytest.raises(OverflowError, match="out of bounds"):
        kernels.full("uint8", (2,), 256)
    assert kernels.full("float32", (1,), 1e300).numpy().tolist() == [np.inf]


def test_writing_kernels_refuse_read_only_views(kernels):
    x = view(kernels, [1.0, 2.0])
    locked, i = x.readonly(), view(kernels, [0], "int64")
    for call in (
        lambda: kernels.fill(locked, 1.0), lambda: kernels.assign(locked, x),
        lambda: kernels.scatter(locked, [i], x.restride((1,), (1,), 0)),
        lambda: kernels.scatter_add(locked, [i], x.restride((1,), (1,), 0)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="read-only"):
            call()
    assert x.numpy().tolist() == [1.0, 2.0]


def test_scattered_values_are_added_as_often_as_they_are_named(kernels):
    x = view(kernels, np.zeros((3, 2)))
    i = view(kernels, [0, 2, 0, -1], "int64")
    kernels.scatter_add(x, [i], view(kernels, [[1.0, 2.0]] * 4))
    assert x.numpy().tolist() == [[2.0, 4.0], [0.0, 0.0], [2.0, 4.0]]
    with pytest.raises(IndexError, match="index 3"):
        kernels.scatter_add(x, [view(kernels, [0, 3], "int64")], view(kernels, [1.0]))
    assert x.numpy().tolist() == [[2.0, 4.0], [0.0, 0.0], [2.0, 4.0]]
    with pytest.raises(ValueError, match=r"\(5,\)"):
        kernels.scatter_add(x, [i], view(kernels, np.ones(5)))


def test_too_many_indices_are_refused(kernels):
    x, i = view(kernels, [1.0, 2.0]), view(kernels, [0], "int64")
    for call in (lambda: kernels.gather(x, [i, i]), lambda: kernels.scatter(x, [i, i], x)):
        with pytest.raises((IndexError, ValueError), match="2"):
            call()


def test_overlap_is_never_missed(kernels):
    x = view(kernels, np.arange(10))
    assert kernels.may_overlap(x.restride((3,), (2,), 0), x.restride((3,), (-1,), 4))
    assert not kernels.may_overlap(x.restride((3,), (1,), 0), x.restride((3,), (1,), 5))
    assert not kernels.may_overlap(x, view(kernels, [1.0]))


def test_casts_of_all_pairs(kernels, dtype):
    names = ["bool", "uint8", "int32", "int64", "float32", "float64"]
    for name in names:
        values = np.array([0, 1, 1, 0] if name == "bool" else [0, 1, 2, 100], name)
        found = kernels.cast(view(kernels, values, name), dtype)
        assert found.dtype == dtype
        assert found.numpy().tolist() == values.astype(dtype).tolist()


def test_unknown_dtypes_are_refused(kernels):
    for call in (
        lambda: kernels.empty("float16", (1,)), lambda: kernels.cast(view(kernels, [1.0]), "x"),
        lambda: kernels.full("", (1,), 0),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError), match="dtype"):
            call()
    for array in (np.ones(2, "complex64"), np.array(["a"]), np.array([None])):
        with pytest.raises(ValueError, match="dtype"):
            kernels.from_numpy(array, False)


def test_every_kernel_of_numpy_is_on_every_device(backend):
    names = vars(nd.cpu_numpy().kernels).items()
    specified = {n for n, value in names if n[0] != "_" and not isinstance(value, ModuleType)}
    missing = sorted(name for name in specified if not hasattr(backend.kernels, name))
    assert missing == []
