"""Indexing against NumPy: indices drawn by hypothesis, overlap, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import needle_hw3 as nd
from needle_shared.testing import basic_indices, shapes

HYPOTHESIS = (nd.cpu(), nd.cpu_numpy())


def enabled():
    return st.sampled_from([device for device in HYPOTHESIS if device.enabled()])


def counting(shape):
    return np.arange(np.prod(shape)).reshape(shape)


@st.composite
def mixed_indices(draw, shape):
    """Return an index of any mixture of what NumPy takes: arrays and masks included."""
    entries = []
    axis = 0
    while axis < len(shape) and draw(st.integers(0, 5)):
        size = shape[axis]
        kind = draw(st.sampled_from(["slice", "int", "array", "mask", "mask2", "none", "bool"]))
        if kind == "none":
            entries.append(None)
            continue
        if kind == "bool" and not any(isinstance(e, bool) for e in entries):
            entries.append(draw(st.booleans()))
            continue
        if kind == "mask2" and axis + 1 < len(shape):
            entries.append(draw(hnp.arrays(bool, shape[axis : axis + 2])))
            axis += 2
            continue
        if kind == "mask":
            entries.append(draw(hnp.arrays(bool, size)))
        elif kind == "array":
            of = st.sampled_from([(2,), (1,), (2, 1), (1, 2), (0,), ()]) if size else st.just((0,))
            where = st.integers(-size, size - 1) if size else st.just(0)
            entries.append(draw(hnp.arrays("int64", of, elements=where)))
        elif kind == "int" and size:
            entries.append(draw(st.integers(-size, size - 1)))
        else:
            entries.append(draw(st.slices(size)))
        axis += 1
    if draw(st.booleans()):
        place = draw(st.integers(0, len(entries))) if axis == len(shape) else len(entries)
        entries.insert(place, ...)
    return tuple(entries)


def ours(index, device):
    """Return an index with its NumPy arrays as arrays of ours."""
    return tuple(device.array(e) if isinstance(e, np.ndarray) else e for e in index)


@given(st.data(), enabled())
def test_basic_index_is_a_view_with_numpys_values(data, device):
    array = counting(data.draw(shapes()))
    x = device.array(array)
    index = data.draw(basic_indices(array.shape))
    view = x[index]
    expected = np.asarray(array[index])
    assert view.shape == expected.shape
    np.testing.assert_array_equal(view.numpy(), expected)
    assert view._handle.ptr() == x._handle.ptr()
    view[...] = -1
    array[index] = -1
    np.testing.assert_array_equal(x.numpy(), array)


@settings(max_examples=200)
@given(st.data(), enabled())
def test_mixed_index_gets_and_sets_as_numpys(data, device):
    array = counting(data.draw(shapes(max_side=3)))
    x = device.array(array)
    index = data.draw(mixed_indices(array.shape))
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises(IndexError):
            x[ours(index, device)]
        return
    found = x[ours(index, device)]
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.numpy(), expected)
    shape = data.draw(st.sampled_from([expected.shape, expected.shape[-1:], (), (1, 1)]))
    if len(shape) == 2 and expected.ndim < 2:
        shape = ()
    values = -1 - counting(shape)
    x[ours(index, device)] = device.array(values)
    array[index] = values
    np.testing.assert_array_equal(x.numpy(), array)


@given(st.data(), enabled())
def test_assignment_between_views_of_one_array_is_right_where_they_overlap(data, device):
    array = counting((4, 5))
    x = device.array(array)
    step = st.sampled_from([slice(None), slice(None, None, -1)])
    start = [data.draw(st.integers(0, 2)) for _ in range(4)]
    flips = [data.draw(step) for _ in range(2)]
    target = (slice(start[0], start[0] + 2), slice(start[1], start[1] + 3))
    source = (slice(start[2], start[2] + 2), slice(start[3], start[3] + 3))
    x[target] = x[source][tuple(flips)]
    array[target] = array[source][tuple(flips)].copy()
    np.testing.assert_array_equal(x.numpy(), array)


SEPARATED = [
    ([0, 1], slice(None), [1, 2]), ([0, 1], slice(None), 1), (0, slice(None), [1, 2]),
    (slice(None), [0, 1], [1, 2]), ([[0], [1]], ..., [2, 0, 1]), (slice(None), [0, 1], ..., [1, 2]),
    ([0, 1], None, [1, 2]), (None, [0, 1], [1, 2]), (0, [1, 2]), (slice(None), 0, [1, 2]),
    ([True, False], slice(None), [1, 2]), (..., [0, 1], slice(None, None, -1)),
]  # fmt: skip


@pytest.mark.parametrize("index", SEPARATED, ids=str)
def test_picked_axes_come_first_unless_the_arrays_are_neighbours(backend, index):
    array = counting((2, 3, 4))
    x = backend.array(array)
    found = x[index]
    assert found.shape == array[index].shape
    np.testing.assert_array_equal(found.numpy(), array[index])
    values = -1 - counting(array[index].shape)
    x[index], array[index] = backend.array(values), values
    np.testing.assert_array_equal(x.numpy(), array)


def test_elements_can_move_within_one_array(backend):
    for target, source in [
        (slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None)),
        (slice(None), slice(None, None, -1)), (slice(0, 4, 2), slice(1, 3)),
    ]:  # fmt: skip
        x, array = backend.array(np.arange(6)), np.arange(6)
        alias = x[...]
        if target == slice(0, 4, 2):
            x, array, alias = x[:4], array[:4], alias[:4]
        x[target] = alias[source]
        array[target] = array[source].copy()
        assert x.tolist() == array.tolist()
    x = backend.array(np.arange(5))
    x[backend.array([1, 2, 3, 4])] = x[:4]
    assert x.tolist() == [0, 0, 1, 2, 3]


def test_the_last_of_equal_indices_wins(backend):
    x = backend.array([0.0, 0.0])
    x[backend.array([1, 1, 1])] = backend.array([1.0, 2.0, 3.0])
    assert x.tolist() == [0.0, 3.0]


def test_write_through_a_view_of_a_view_of_a_view(backend):
    array = counting((3, 4, 5))
    x = backend.array(array)
    x.permute((2, 0, 1))[1:, ::-1][..., 1::2].fill(-5)
    array.transpose(2, 0, 1)[1:, ::-1][..., 1::2] = -5
    np.testing.assert_array_equal(x.numpy(), array)


def test_set_values_take_the_dtype_of_the_array(backend, dtype):
    x = backend.full((4,), 0, dtype)
    x[0] = 1.0
    x[1:3] = backend.array([True, False])
    x[backend.array([3])] = backend.array([1.0])
    assert x.tolist() == [1, 1, 0, 1]
    x[...] = [0, 0, 0, 1]
    x[:1] = np.ones((1, 1, 1))
    assert x.tolist() == [1, 0, 0, 1]


def test_lists_and_numpys_integers_are_indices(backend):
    x = backend.array(np.arange(12).reshape(3, 4))
    array = np.arange(12).reshape(3, 4)
    for index in (
        [2, 0], [True, False, True], np.int64(1), (np.uint8(2), np.int32(-1)), np.array([0, 1]),
        ([], []), [[0, 1], [1, 2]], np.array(2), (slice(None), np.array([1, 1])),
    ):  # fmt: skip
        np.testing.assert_array_equal(x[index].numpy(), array[index])
    assert x[backend.array(1)].tolist() == [4, 5, 6, 7]
    assert x[backend.array(np.array([1], "uint8"))].tolist() == [[4, 5, 6, 7]]


OUT_OF_RANGE = [
    (2, "index 2 is out of range for axis 0 of size 2"),
    (-3, "index -3 is out of range for axis 0 of size 2"),
    ((0, 3), "index 3 is out of range for axis 1 of size 3"),
    ((..., -4), "index -4 is out of range for axis 1 of size 3"),
    ((0, 0, 0), r"\(0, 0, 0\) has 3 entries for the 2 axes of \(2, 3\)"),
    ((..., ...), "more than one ..."),
    ([0, 2], "index 2 is out of range for axis 0 of size 2"),
    ((slice(None), [1, -4]), "index -4 is out of range for axis 1 of size 3"),
    ((None, slice(None), [5, 1]), "index 5 is out of range for axis 1 of size 3"),
    (([0, 1], [0, 3]), "index 3 is out of range for axis 1 of size 3"),
    ((1, [3]), "index 3 is out of range for axis 1 of size 3"),
    (([0, 1], [0, 1, 2]), r"indices do not fit each other: shapes \(2,\) and \(3,\)"),
    ([True, False, True], r"mask of shape \(3,\) for axes of sizes \(2,\)"),
    (np.ones((3, 2), bool), r"mask of shape \(3, 2\)"),
]


@pytest.mark.parametrize(("index", "message"), OUT_OF_RANGE, ids=[line[1] for line in OUT_OF_RANGE])
def test_error_names_index_axis_and_size_before_anything_is_written(backend, index, message):
    x = backend.full((2, 3), 1)
    with pytest.raises(IndexError, match=message):
        x[index]
    with pytest.raises(IndexError, match=message):
        x[index] = 7
    assert x.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    "index", [1.0, "a", (0, 1.0), [0.5], slice(0, 1.5), {}, np.array([0.0])], ids=repr
)
def test_what_is_no_index_is_refused(backend, index):
    x = backend.full((2, 3), 1)
    with pytest.raises(TypeError):
        x[index]
    with pytest.raises(ValueError, match="step cannot be zero"):
        x[::0]


def test_values_that_do_not_fit_are_named_and_nothing_is_written(backend):
    x = backend.full((2, 3), 1)
    for index in (..., slice(None), [0, 1], np.ones((2, 3), bool)):
        with pytest.raises(ValueError, match=r"\(4,\) does not broadcast to"):
            x[index] = backend.full((4,), 2)
    with pytest.raises(ValueError, match=r"\(3, 2\) does not broadcast to \(2, 3\)"):
        x[...] = backend.full((3, 2), 2)
    assert x.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_read_only_views_refuse_to_be_set(backend):
    x = backend.array([1.0, 2.0])
    repeated = x.broadcast_to((2, 2))
    for view in (
        repeated,
        repeated[0],
        repeated.T,
        repeated[:, :1].reshape((2,)),
        repeated[[0]][0:0],
    ):
        assert view.size == 0 or view._view.writable is False
    for write in (
        lambda v: v.__setitem__(..., 0), lambda v: v.fill(0), lambda v: v.__setitem__([0], 5.0),
        lambda v: v.__iadd__(1.0), lambda v: v.__setitem__(0, v[1]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="read-only"):
            write(repeated)
    assert x.tolist() == [1.0, 2.0]
    copy = repeated.compact()
    copy[0] = 5.0


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take(views, numbers, axis, dtype, same):
    x, a = views.pair(numbers((3, 4), dtype), "transposed")
    for indices in ([0, 2, -1, 0], [], [-3]):
        i = np.array(indices, "int64")
        same(nd.take(x, x.device.array(i), axis=axis), np.take(a, i, axis))
        narrow = x.device.array(i.astype("int32"))
        same(nd.take(x, narrow, axis=axis), np.take(a, i, axis))
    with pytest.raises(IndexError, match=r"index 4 .*axis \d of size \d"):
        nd.take(x, x.device.array([4]), axis=axis)


def test_take_checks_its_arguments(backend):
    x, i = backend.full((2, 3), 1, "int32"), backend.array([0])
    with pytest.raises(ValueError, match=r"needs an axis for shape \(2, 3\)"):
        nd.take(x, i)
    with pytest.raises(ValueError, match="vector of indices"):
        nd.take(x, x, axis=0)
    with pytest.raises(TypeError, match="not of dtype float32"):
        nd.take(x, backend.array([0.0]), axis=0)
    assert nd.take(x[0], i).tolist() == [1]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_an_axis_broadcasts_the_others(views, numbers, axis, same):
    x, a = views.pair(numbers((3, 4), "float32"), "reversed")
    n = a.shape[axis]
    for i in (
        np.argsort(a, axis=axis),
        np.argmax(a, axis=axis, keepdims=True),
        np.full((1, 1), -n),
    ):
        same(nd.take_along_axis(x, x.device.array(i), axis=axis), np.take_along_axis(a, i, axis))
    y, b = views.pair(numbers((1, n) if axis else (n, 1), "int32"))
    i = np.argsort(a, axis=axis)
    expected = np.take_along_axis(np.broadcast_to(b, a.shape), i, axis)
    same(nd.take_along_axis(y, x.device.array(i), axis=axis), expected)
    with pytest.raises(IndexError, match=f"index {n} "):
        nd.take_along_axis(x, x.device.full((1, 1), n, "int64"), axis=axis)
    with pytest.raises(ValueError, match="number of axes"):
        nd.take_along_axis(x, x.device.array([0]), axis=0)
