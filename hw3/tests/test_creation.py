"""Making arrays: values, dtypes, devices, sharing of memory, and impossible sizes."""

import numpy as np
import pytest

import needle_hw3 as nd


def test_constants(backend, shape, dtype, same):
    same(nd.zeros(shape, dtype=dtype, device=backend), np.zeros(shape, dtype))
    same(nd.ones(shape, dtype=dtype, device=backend), np.ones(shape, dtype))
    same(nd.full(shape, 1, dtype=dtype, device=backend), np.full(shape, 1, dtype))
    x = nd.empty(shape, dtype=dtype, device=backend)
    assert (x.shape, x.dtype, x.device) == (shape, dtype, backend)
    same(nd.zeros_like(x), np.zeros(shape, dtype))
    same(nd.ones_like(x, dtype="float64"), np.ones(shape))
    same(nd.full_like(x, 1, device=nd.cpu_numpy()), np.full(shape, 1, dtype))
    assert nd.empty_like(x).shape == shape


def test_defaults_are_float32_int64_and_bool():
    assert nd.zeros(2).dtype == nd.ones((2,)).dtype == nd.empty(2).dtype == "float32"
    assert nd.full(2, 1).dtype == nd.arange(3).dtype == nd.asarray([1, 2]).dtype == "int64"
    assert nd.full(2, 1.5).dtype == nd.arange(3.0).dtype == nd.asarray([1.5]).dtype == "float32"
    assert nd.full(2, True).dtype == nd.asarray([True]).dtype == nd.asarray(False).dtype == "bool"
    assert nd.asarray([]).dtype == nd.eye(2).dtype == nd.linspace(0, 1, 3).dtype == "float32"
    assert nd.zeros(2).device == nd.default_device()


RANGES = [
    (5,),
    (0,),
    (-3,),
    (2, 7),
    (2, 7, 3),
    (7, 2, -2),
    (0, 1, 0.25),
    (1.5, 4),
    (3, 3),
    (0, 5, 5),
]


@pytest.mark.parametrize("arguments", RANGES, ids=str)
def test_ranges_are_numpys(backend, arguments, same):
    floating = any(isinstance(each, float) for each in arguments)
    expected = np.arange(*arguments, dtype="float32" if floating else "int64")
    same(nd.arange(*arguments, device=backend), expected)
    same(nd.arange(*arguments, dtype="float64", device=backend), expected.astype("float64"))
    with pytest.raises(ValueError, match="step that is not 0"):
        nd.arange(0, 5, 0)
    with pytest.raises(ValueError, match="more elements"):
        nd.arange(0, 1e30)


@pytest.mark.parametrize("arguments", [(0, 1, 5), (1, -1, 4), (2, 3, 1), (0, 1, 0)], ids=str)
def test_equal_distances_are_numpys(backend, arguments, same):
    for endpoint in (True, False):
        expected = np.linspace(*arguments, endpoint=endpoint)
        options = {"endpoint": endpoint, "device": backend}
        same(nd.linspace(*arguments, **options), expected.astype("float32"))
        same(nd.linspace(*arguments, dtype="float64", **options), expected)
    with pytest.raises(ValueError, match="not -1"):
        nd.linspace(0, 1, -1)


@pytest.mark.parametrize("k", range(-5, 6))
@pytest.mark.parametrize("sizes", [(3,), (3, 4), (4, 3), (0, 3), (1, 1)], ids=str)
def test_diagonals_and_triangles(backend, sizes, k, same):
    same(nd.eye(*sizes, k=k, dtype="int32", device=backend), np.eye(*sizes, k=k, dtype="int32"))
    a = np.arange(2 * np.prod([*sizes, sizes[0]][:2])).reshape(2, *[*sizes, sizes[0]][:2])
    x = backend.array(a)
    same(nd.tril(x, k=k), np.tril(a, k))
    same(nd.triu(x, k=k), np.triu(a, k))
    with pytest.raises(ValueError, match="of matrices"):
        nd.tril(backend.full((3,), 0))


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("sizes", [(), (3,), (2, 3), (2, 3, 4), (0, 2)], ids=str)
def test_grids_are_numpys(backend, sizes, indexing, same):
    vectors = [np.arange(n) for n in sizes]
    found = nd.meshgrid(*[backend.array(v) for v in vectors], indexing=indexing)
    expected = np.meshgrid(*vectors, indexing=indexing)
    assert len(found) == len(expected)
    for x, a in zip(found, expected, strict=True):
        same(x, a)
    with pytest.raises(ValueError, match="'xy' or 'ij'"):
        nd.meshgrid(indexing="ji")
    with pytest.raises(ValueError, match="takes vectors"):
        nd.meshgrid(backend.full((1, 1), 0))


def test_asarray_returns_arrays_themselves_unless_told_to_copy(backend):
    x = backend.array([1.0, 2.0])
    assert nd.asarray(x) is x
    assert nd.asarray(x, dtype="float32", copy=False) is x
    copy = nd.asarray(x, copy=True)
    copy[0] = 5
    assert x.tolist() == [1.0, 2.0]
    assert nd.asarray(x, dtype="int32").dtype == "int32"
    with pytest.raises(ValueError, match="only by a copy"):
        nd.asarray(x, dtype="int32", copy=False)
    with pytest.raises(ValueError, match="only by a copy"):
        nd.asarray([1.0], copy=False)


@pytest.mark.usefixtures("on_host")
def test_asarray_shares_numpys_memory_and_array_copies_it(backend, dtype):
    array = np.arange(12).astype(dtype).reshape(3, 4)
    views = [
        array,
        array.T,
        array[::-1, ::2],
        array[1:, 1],
        array[0, 0, ...],
        array[:0],
        array[:, None],
    ]
    for view in views:
        for copy in (None, False):
            x = nd.asarray(view, device=backend, copy=copy)
            np.testing.assert_array_equal(x.numpy(), view)
            x[...] = 1
            np.testing.assert_array_equal(view, np.ones_like(view))
            view[...] = 0
            assert not x.numpy().any()
        assert not np.shares_memory(np.asarray(backend.array(view)), view)
        assert not np.shares_memory(np.asarray(nd.asarray(view, device=backend, copy=True)), view)


def test_memory_outlives_the_array_that_it_came_from(backend):
    x = nd.asarray(np.arange(100000.0)[::-1], device=backend)
    y = x[1:]
    del x
    assert y.numpy()[0] == 99998.0
    z = np.asarray(y)
    del y
    assert z[-1] == 0.0


ODD = {
    "byte-swapped": np.arange(4.0).astype(">f8"),
    "misaligned": np.frombuffer(b"x" + np.arange(4.0).tobytes(), "u1")[1:].view("f8"),
    "a field": np.zeros(4, [("a", "u1"), ("b", "f8")])["b"] + 0,
    "half": np.arange(4).astype("float16"),
}


@pytest.mark.parametrize("name", ODD)
def test_memory_that_cannot_be_shared_is_copied(backend, name):
    array = ODD[name]
    x = nd.asarray(array, device=backend)
    np.testing.assert_array_equal(x.numpy(), array)
    if name != "a field":
        with pytest.raises(ValueError, match="only by a copy"):
            nd.asarray(array, device=backend, copy=False)
    fields = np.ones(4, [("a", "u1"), ("b", "f8")])["b"]
    assert nd.asarray(fields, device=backend).tolist() == [1.0] * 4


@pytest.mark.usefixtures("on_host")
def test_read_only_memory_stays_read_only(backend):
    array = np.arange(3.0)
    array.flags.writeable = False
    x = nd.asarray(array, device=backend)
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 5.0
    assert array.tolist() == [0.0, 1.0, 2.0]
    y = backend.array(array)
    y[0] = 5.0


def test_lists_become_arrays_or_errors(backend):
    assert backend.array([[1, 2], [3, 4]]).shape == (2, 2)
    assert backend.array(3.5).shape == ()
    assert backend.array([1, 2.5], "int32").tolist() == [1, 2]
    with pytest.raises(ValueError, match="inhomogeneous"):
        backend.array([[1, 2], [3]])
    for wrong in ("1.5", None, [None], ["a"], 1j, {}, [2**70]):
        with pytest.raises(TypeError, match="real numbers, not dtype"):
            backend.array(wrong)
        with pytest.raises(TypeError, match="real numbers, not dtype"):
            backend.array(wrong, "float32")


def test_number_too_large_for_float32_becomes_infinite(backend):
    assert backend.array([1e300], "float32").tolist() == [np.inf]
    assert backend.full((1,), -1e300, "float32").tolist() == [-np.inf]


IMPOSSIBLE = [
    ((-1,), ValueError, "negative size -1"), ((2**62, 4), ValueError, "more elements"),
    ((0, 2**40, 2**40), ValueError, "more elements"), ((2**42,), MemoryError, r"4398046511104"),
    ((2**31, 2**29), MemoryError, "float32"), ((1,) * 33, ValueError, "32 axes"),
    ((1.5,), TypeError, "float"), (("a",), TypeError, "str"),
]  # fmt: skip


@pytest.mark.parametrize(("size", "error", "message"), IMPOSSIBLE, ids=str)
def test_impossible_sizes_are_refused_and_the_next_call_works(backend, size, error, message):
    for make in (
        lambda: backend.empty(size), lambda: backend.full(size, 0),
        lambda: nd.zeros(size, device=backend), lambda: nd.NDArray.make(size, device=backend),
    ):  # fmt: skip
        with pytest.raises(error, match=message):
            make()
    assert backend.full((2,), 1.0).tolist() == [1.0, 1.0]


def test_one_hot(backend, same):
    indices = np.array([[2, 0], [1, 2]])
    expected = np.eye(3, dtype="float32")[indices]
    same(backend.one_hot(3, indices), expected)
    same(backend.one_hot(3, backend.array(indices)), expected)
    same(backend.one_hot(3, indices.T, "int32"), np.eye(3, dtype="int32")[indices.T])
    same(backend.one_hot(3, np.zeros((0, 2), int)), np.zeros((0, 2, 3), "float32"))
    same(backend.one_hot(2, np.array(1)), np.array([0, 1], "float32"))
    for wrong in (3, -1):
        with pytest.raises(IndexError, match=f"index {wrong} is outside of one_hot's 3 classes"):
            backend.one_hot(3, np.array([0, wrong]))
    with pytest.raises(TypeError, match="integer indices, got dtype float64"):
        backend.one_hot(3, np.array([1.0]))


def test_draws_come_from_numpys_global_generator(backend, global_generator, same):
    global_generator.seed(3)
    uniform, normal = backend.rand(2, 3), backend.randn(4)
    global_generator.seed(3)
    same(uniform, global_generator.rand(2, 3).astype("float32"))
    same(normal, global_generator.randn(4).astype("float32"))
