"""The array itself: attributes, Python's protocols, updates in place, and the course's surface."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest

import needle_hw3 as nd
from needle_hw3 import NDArray
from needle_hw3 import backend_ndarray as course


def test_attributes_are_numpys(views, numbers, shape, dtype):
    for view in ("compact", "reversed", "transposed", "sliced", "broadcast"):
        x, a = views.pair(numbers(shape, dtype), view)
        assert (x.shape, x.ndim, x.size, x.dtype) == (a.shape, a.ndim, a.size, a.dtype)
        assert (x.itemsize, x.nbytes) == (a.itemsize, a.nbytes)
        if a.size:
            moved = tuple(s for s, n in zip(a.strides, a.shape, strict=True) if n > 1)
            ours = tuple(s for s, n in zip(x.strides, a.shape, strict=True) if n > 1)
            assert tuple(s * a.itemsize for s in ours) == moved
        assert x.device is views.backend
        if views.backend.kernels.ON_HOST:
            shared = np.asarray(x)
            assert shared.strides == a.strides or a.size < 2 or 1 in a.shape


def test_arrays_say_what_they_are(backend):
    x = backend.array([[1.0, 2.5], [3.0, 4.0]])
    assert repr(x) == (
        f"NDArray([[1. , 2.5],\n         [3. , 4. ]], dtype=float32, device={backend!r})"
    )
    assert str(x) == "[[1.  2.5]\n [3.  4. ]]"
    assert repr(x[:0]) == f"NDArray([], shape=(0, 2), dtype=float32, device={backend!r})"


def test_numbers_of_one_element(backend):
    x = backend.array([[2.5]])
    assert (float(x), int(x), bool(x), complex(x), x.item()) == (2.5, 2, True, 2.5, 2.5)
    assert type(backend.full((), 1, "int32").item()) is int
    assert math.sqrt(backend.full((), 4.0)) == 2.0
    assert [10, 20, 30][backend.full((), 1, "uint8")] == 20
    assert not backend.full((), 0.0)
    for wrong in (
        backend.full((1,), 1, "int32"),
        backend.full((), 1.0),
        backend.full((), 1, "bool"),
    ):
        with pytest.raises(TypeError, match="is no index"):
            operator.index(wrong)
    for function in (float, int, bool):
        with pytest.raises(ValueError, match=r"shape \((2|0),\)"):
            function(backend.full((2,), 1.0))
        with pytest.raises(ValueError, match=r"shape \(0,\)"):
            function(backend.full((0,), 1.0))


def test_length_and_iteration(backend):
    x = backend.array([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2
    assert [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]]
    for function in (len, iter):
        with pytest.raises(TypeError, match="0-d array"):
            function(backend.full((), 1.0))


def test_equality_is_about_elements_and_hashes_about_identity(backend):
    x = backend.array([1.0, 2.0])
    assert (x == x[...]).tolist() == [True, True]
    assert len({x, x, backend.array([1.0, 2.0])}) == 2
    assert (x == None) is False  # noqa: E711 -- what an absent array is compared with
    assert (x != "a") is True
    with pytest.raises(TypeError):
        x < "a"  # noqa: B015


def test_copies_and_pickles_have_memory_of_their_own(backend):
    x = backend.array(np.arange(12.0).reshape(3, 4))[::-1, 1::2]
    for make in (copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))):
        y = make(x)
        assert y.tolist() == x.tolist()
        assert (y.dtype, y.device) == (x.dtype, x.device)
        y[0, 0] = -1.0
        assert x[0, 0].item() == 9.0


IN_PLACE = [
    (operator.iadd, ["uint8", "int32", "float32"]), (operator.isub, ["int32", "float64"]),
    (operator.imul, ["uint8", "float32"]), (operator.itruediv, ["float32", "float64"]),
    (operator.ifloordiv, ["int32", "float32"]), (operator.imod, ["int64", "float32"]),
    (operator.ipow, ["float64"]), (operator.iand, ["bool", "int32"]), (operator.ior, ["uint8"]),
    (operator.ixor, ["bool"]), (operator.ilshift, ["int32"]), (operator.irshift, ["int64"]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "dtypes"), IN_PLACE, ids=lambda v: getattr(v, "__name__", ""))
def test_updates_are_numpys_and_keep_the_array(views, numbers, function, dtypes):
    for dtype in dtypes:
        for view in ("compact", "reversed", "transposed"):
            x, a = views.pair(abs(numbers((2, 3), dtype)), view)
            base, alias = x, x[...]
            for y, b in [
                views.pair(abs(numbers(s, dtype)), "compact") for s in (a.shape, a.shape[1:], ())
            ]:
                with np.errstate(over="ignore"):
                    x, a = function(x, y), function(a, b)
                    x, a = function(x, b.flat[0].item()), function(a, b.flat[0].item())
                assert x is base
                np.testing.assert_allclose(x.numpy(), a, rtol=1e-5)
                np.testing.assert_array_equal(alias.numpy(), x.numpy())


def test_update_reads_before_it_writes(backend):
    array = np.arange(5.0)
    x = backend.array(array)
    x[1:] += x[:-1]
    array[1:] += array[:-1].copy()
    assert x.tolist() == array.tolist()
    y = backend.array(np.arange(9.0).reshape(3, 3))
    y += y.T
    assert y.tolist() == [[0.0, 4.0, 8.0], [4.0, 8.0, 12.0], [8.0, 12.0, 16.0]]


def test_updates_that_do_not_fit_are_refused_before_anything_is_written(backend):
    x = backend.full((2, 3), 1, "int32")
    for other in (1.5, backend.full((3,), 1.5), True / 2):
        with pytest.raises(TypeError, match="float32, which int32 does not hold"):
            x += other
    with pytest.raises(TypeError, match="does not hold"):
        x /= 2
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(4, 2, 3\)"):
        x += backend.full((4, 2, 3), 1, "int32")
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(2,\)"):
        x += backend.full((2,), 1, "int32")
    for wrong in (None, np.ones(3, "int32")):
        with pytest.raises(TypeError):
            x += wrong
    assert x.tolist() == [[1] * 3] * 2
    y = backend.full((1,), 1.0, "float32")
    y += backend.full((1,), 0.5, "float64")
    assert (y.dtype, y.tolist()) == ("float32", [1.5])
    x += backend.full((3,), True, "bool")
    assert x.dtype == "int32"


def test_only_matrices_have_a_transpose(backend):
    x = backend.array(np.arange(6.0).reshape(2, 3))
    assert x.T.tolist() == np.arange(6.0).reshape(2, 3).T.tolist()
    for wrong in (x[0], backend.full((1, 1, 1), 0.0)):
        with pytest.raises(ValueError, match="two axes"):
            wrong.T  # noqa: B018
    with pytest.raises(ValueError, match="two or more"):
        x[0].mT  # noqa: B018


def test_strided_views_stay_inside_of_their_buffer(backend):
    x = backend.array(np.arange(6.0))
    assert x.as_strided((2, 3), (1, 2)).tolist() == [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]
    assert x[2:].as_strided((2,), (-2,)).tolist() == [2.0, 0.0]
    assert x.as_strided((0,), (10**9,)).tolist() == []
    for shape, strides in [
        ((7,), (1,)), ((2, 4), (1, 2)), ((2,), (-1,)), ((2,), (2**62,)), ((2, 2), (2**62, 2**62)),
        ((2**61,), (0, 1)), ((3,), ()),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="stride"):
            x.as_strided(shape, strides)


def test_flat_writes_through_or_refuses(backend):
    x = backend.array(np.arange(6.0).reshape(2, 3))
    x.flat[4] += 10.0
    assert x.tolist() == [[0.0, 1.0, 2.0], [3.0, 14.0, 5.0]]
    with pytest.raises(ValueError, match="only by a copy"):
        x.T.flat  # noqa: B018


# The course's surface


def test_constructor_copies(backend):
    array = np.arange(4.0)
    x = NDArray(array, device=backend)
    y = NDArray(x)
    array[0], y[1] = 9.0, 9.0
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert (y.device, x.dtype) == (backend, "float64")
    assert NDArray([1.5]).dtype == "float32"
    assert NDArray([1.5], dtype="int32").tolist() == [1]
    assert NDArray(x, device=nd.cpu_numpy()).device == nd.cpu_numpy()


def test_make_shares_a_handle_or_makes_one(backend):
    x = backend.array(np.arange(6.0, dtype="float32"))
    y = NDArray.make((2, 2), (2, 1), backend, x._handle, 1)
    assert y.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert (y.offset, y.strides, y._handle.ptr()) == (1, (2, 1), x._handle.ptr())
    assert (y._shape, y._strides, y._offset) == ((2, 2), (2, 1), 1)  # the course's fields
    assert x._handle.size == 6
    new = NDArray.make((2, 3), device=backend)
    assert (new.shape, new.dtype, new.is_compact()) == ((2, 3), "float32", True)
    with pytest.raises(ValueError, match="leave"):
        NDArray.make((2, 3), device=backend, handle=x._handle, offset=1)


def test_compactness(backend):
    x = backend.array(np.arange(6.0).reshape(2, 3))
    assert x.is_compact()
    assert x.compact() is x
    for view in (x.T, x[1:], x[:, ::2], x[::-1], x[:1].broadcast_to((2, 3)), x[:1]):
        assert not view.is_compact()
        copied = view.compact()
        assert copied.is_compact()
        assert copied.tolist() == view.tolist()
        assert copied._handle.ptr() != x._handle.ptr()
    assert NDArray.compact_strides((2, 3, 4)) == (12, 4, 1)


def test_fill_sets_the_view_and_nothing_else(backend):
    x = backend.array(np.arange(6.0).reshape(2, 3))
    x[:, 1].fill(9)
    assert x.tolist() == [[0.0, 9.0, 2.0], [3.0, 9.0, 5.0]]


def test_slices_are_processed_as_numpys(backend):
    x = backend.full((10, 3), 0.0)
    array = np.arange(10)
    for given in (
        slice(None),
        slice(2, 100),
        slice(-3, None),
        slice(None, None, 3),
        slice(8, 1, -2),
        slice(3, None, -1),
    ):
        found = x.process_slice(given, 0)
        assert array[found].tolist() == array[given].tolist()
        assert isinstance(found.start, int)
    assert x.process_slice(slice(1, 50, 2), 1) == slice(1, 3, 2)


def test_subclasses_may_override_indexing():
    class Recorder(NDArray):
        def __getitem__(self, index):
            return self.shape, tuple(self.process_slice(s, i) for i, s in enumerate(index))

    assert Recorder(np.ones((4, 4)))[1:, :2] == ((4, 4), (slice(1, 4, 1), slice(0, 2, 1)))


def test_methods_are_the_functions(backend):
    a = np.array([[1.0, 2.0], [3.0, 0.5]], "float32")
    x = backend.array(a)
    for found, expected in [
        (x.exp(), np.exp(a)), (x.log(), np.log(a)), (x.tanh(), np.tanh(a)),
        (x.maximum(1.5), np.maximum(a, 1.5)),
        (x.maximum(x.T), np.maximum(a, a.T)), (x.sum(), a.sum()),
        (x.sum(0, True), a.sum(0, keepdims=True)),
        (x.max(1), a.max(1)), (x.permute((1, 0)), a.T),
        (x.broadcast_to((2, 2, 2)), np.stack([a, a])),
        (x.flip((0,)), a[::-1]), (x.pad(((1, 0), (0, 1))), np.pad(a, ((1, 0), (0, 1)))),
    ]:  # fmt: skip
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_module_functions_of_the_course_take_arguments_by_position(backend):
    x = course.array([[1.0, 2.0], [3.0, 4.0]], "float32", backend)
    assert (x.dtype, x.device) == ("float32", backend)
    assert course.array(np.arange(3), device=backend).dtype == "float32"
    assert course.array([1.5], None, backend).dtype == "float32"
    assert course.array([1], "int64").dtype == "int64"
    assert course.empty((2,), "float32", backend).shape == (2,)
    assert course.full((2,), 3, "float32", backend).tolist() == [3.0, 3.0]
    assert course.sum(x, 1, True).tolist() == [[3.0], [7.0]]
    assert course.sum(x, axis=0).tolist() == [4.0, 6.0]
    assert course.maximum(x, 2.5).tolist() == [[2.5, 2.5], [3.0, 4.0]]
    assert course.reshape(x, (4,)).tolist() == [1.0, 2.0, 3.0, 4.0]
    assert course.broadcast_to(x, (1, 2, 2)).shape == (1, 2, 2)
    assert course.flip(x, (1,)).tolist() == [[2.0, 1.0], [4.0, 3.0]]
    for function, reference in [(course.exp, np.exp), (course.log, np.log), (course.tanh, np.tanh)]:
        np.testing.assert_allclose(function(x).numpy(), reference(x.numpy()), rtol=1e-6)
    assert course.NDArray is NDArray
    assert course.cpu() == nd.cpu()


def test_reflected_methods_exchange_the_operands(backend):
    x, y = backend.array([1.0, 2.0]), backend.array([10.0, 20.0])
    assert x.__rsub__(y).tolist() == [9.0, 18.0]
    assert x.__rtruediv__(5).tolist() == [5.0, 2.5]
    assert x.reshape(2, 1).__rmatmul__(y.reshape(1, 2)).tolist() == [[50.0]]
