"""Changing shapes and putting arrays together, against NumPy."""

import numpy as np
import pytest

import needle_hw3 as nd

VIEWS = ("compact", "reversed", "transposed", "sliced", "broadcast")


def shares(x, y):
    return x._handle.ptr() == y._handle.ptr()


@pytest.mark.parametrize("view", VIEWS)
def test_functions_of_shape_return_views(views, numbers, shape, view, same):
    x, a = views.pair(numbers(shape, "float32"), view)
    order = tuple(reversed(range(a.ndim)))
    cases = [
        (nd.permute_dims(x, order), np.transpose(a, order)), (nd.flip(x), np.flip(a)),
        (nd.expand_dims(x, 0), np.expand_dims(a, 0)),
        (nd.expand_dims(x, -1), np.expand_dims(a, -1)),
        (nd.broadcast_to(x, (2, *a.shape)), np.broadcast_to(a, (2, *a.shape))),
        (nd.squeeze(nd.expand_dims(x, -1), -1), a), (x.flip(()), a),
    ]  # fmt: skip
    for axis in range(-a.ndim, a.ndim):
        cases.append((nd.flip(x, axis=axis), np.flip(a, axis)))
        cases.append((nd.moveaxis(x, axis, 0), np.moveaxis(a, axis, 0)))
    if a.ndim > 1:
        cases.append((nd.matrix_transpose(x), a.swapaxes(-1, -2)))
        cases.append((x.mT, a.swapaxes(-1, -2)))
    for found, expected in cases:
        same(found, expected)
        assert shares(found, x)


@pytest.mark.parametrize("view", VIEWS)
def test_reshape_returns_a_view_where_it_can(views, numbers, shape, view, same):
    x, a = views.pair(numbers(shape, "int32"), view)
    for wanted in [(-1,), (1, -1) if a.size else (0, 3), (*a.shape, 1), (a.size,), [a.size, 1]]:
        expected = np.reshape(a, wanted)
        found = nd.reshape(x, wanted)
        same(found, expected)
        if a.size:
            assert shares(found, x) == np.shares_memory(expected, a)
            copy = nd.reshape(x, wanted, copy=True)
            same(copy, expected)
            assert not shares(copy, x)
            if not shares(found, x):
                with pytest.raises(ValueError, match="only by a copy"):
                    nd.reshape(x, wanted, copy=False)
    same(x.reshape(*a.shape, 1), a[..., None])
    with pytest.raises(ValueError, match=rf"size {a.size} into shape \({a.size + 1},\)"):
        nd.reshape(x, (a.size + 1,))


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_arrays_are_joined(views, numbers, axis, same):
    x, a = views.pair(numbers((3, 4), "int32"), "transposed")
    y, b = views.pair(numbers((4, 3), "float32"), "broadcast")
    y, b = y[0], b[0]
    same(nd.concat([x, y, x], axis=axis), np.concatenate([a, b, a], axis))
    same(nd.concat((x,), axis=axis), np.concatenate((a,), axis))
    same(nd.concat([x, x[:0]], axis=0), a)
    if axis is not None:
        same(nd.stack([x, y], axis=axis), np.stack([a, b], axis))


def test_arrays_that_do_not_join_are_named(backend):
    x, y = backend.full((2, 3), 1.0), backend.full((2, 4), 1.0)
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(2, 4\) differ beside axis 0"):
        nd.concat([x, y])
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(2, 4\) do not stack"):
        nd.stack([x, y])
    with pytest.raises(ValueError, match=r"differ beside axis 0"):
        nd.concat([x, x[0]])
    for function in (nd.concat, nd.stack):
        with pytest.raises(ValueError, match="one array or more"):
            function([])
    with pytest.raises(IndexError, match="axis 2"):
        nd.concat([x, x], axis=2)
    with pytest.raises(IndexError, match="axis 0"):
        nd.concat([x.sum(), x.sum()])


def test_arrays_are_cut(views, numbers, same):
    x, a = views.pair(numbers((6, 4), "float32"), "transposed")
    for argument, axis in [(2, 0), (4, 0), (3, 1), ([1, 3], 1), ((0, 2, 2, 9), -1), ([], 0)]:
        found, expected = nd.split(x, argument, axis=axis), np.split(a, argument, axis)
        assert len(found) == len(expected)
        for y, b in zip(found, expected, strict=True):
            same(y, b)
            assert shares(y, x)
    with pytest.raises(ValueError, match="axis 1 of size 6 has no 4 equal parts"):
        nd.split(x, 4, axis=1)
    for axis in (0, 1, -1):
        for y, b in zip(nd.unstack(x, axis=axis), np.moveaxis(a, axis, 0), strict=True):
            same(y, b)
    assert nd.unstack(x[:0]) == ()
    assert len(nd.split(x[:0], 3)) == 3


@pytest.mark.parametrize(
    ("shift", "axis"),
    [(1, None), (-2, None), (7, 0), (-1, -1), ((1, 2), (0, 1)), ((1, 1), (0, 0)), (2, (0, 1)),
     (0, 0)],
    ids=str,
)  # fmt: skip
def test_elements_roll(views, numbers, shift, axis, same):
    for sizes in [(3, 4), (0, 4), (1, 1)]:
        x, a = views.pair(numbers(sizes, "int64"), "transposed")
        same(nd.roll(x, shift, axis=axis), np.roll(a, shift, axis))
    with pytest.raises(ValueError, match="differ in number"):
        nd.roll(x, (1, 2, 3), axis=(0, 1))


def test_elements_repeat(views, numbers, same):
    x, a = views.pair(numbers((2, 3), "float32"), "transposed")
    for repeats in (0, 1, 3):
        for axis in (None, 0, 1, -1):
            same(nd.repeat(x, repeats, axis=axis), np.repeat(a, repeats, axis))
    counts = np.array([2, 0, 1])
    same(nd.repeat(x, x.device.array(counts), axis=0), np.repeat(a, counts, 0))
    for wrong, error in [(-1, ValueError), (1.5, TypeError)]:
        with pytest.raises(error):
            nd.repeat(x, wrong)
    with pytest.raises(ValueError, match="count per index of axis 1"):
        nd.repeat(x, x.device.array(counts), axis=1)


@pytest.mark.parametrize("counts", [(), (2,), (2, 3), (1, 2, 2), (0, 1), (3, 1, 1, 1)], ids=str)
def test_arrays_tile(views, numbers, shape, counts, same):
    x, a = views.pair(numbers(shape, "int32"), "reversed")
    same(nd.tile(x, counts), np.tile(a, counts))


def test_padding(views, numbers, dtype, same):
    x, a = views.pair(numbers((2, 3), dtype), "transposed")
    for width in (0, 2, (1, 2), [(1, 0), (0, 3)]):
        same(nd.pad(x, width), np.pad(a, width))
        same(nd.pad(x, width, constant_values=1), np.pad(a, width, constant_values=1))
    same(x.pad(((1, 2), (0, 1))), np.pad(a, ((1, 2), (0, 1))))
    same(nd.pad(x[:0], 1), np.pad(a[:0], 1))
    for wrong in ([(1, 1)], [(1, 1)] * 3, [(-1, 0), (0, 0)], -1):
        with pytest.raises(ValueError, match="not a pair >= 0 for each axis"):
            nd.pad(x, wrong)
    with pytest.raises(ValueError, match="not 'reflect'"):
        nd.pad(x, 1, "reflect")


def test_shapes_and_arrays_broadcast_together(views, numbers, same):
    x, a = views.pair(numbers((3, 1), "int32"))
    y, b = views.pair(numbers((2, 1, 4), "float32"))
    for found, expected in zip(nd.broadcast_arrays(x, y), np.broadcast_arrays(a, b), strict=True):
        same(found, expected)
        with pytest.raises(ValueError, match="read-only"):
            found[0] = 1
    assert nd.broadcast_shapes((3, 1), (2, 1, 4)) == (2, 3, 4)
    with pytest.raises(ValueError, match="axis 1 is 3 and 2"):
        nd.broadcast_arrays(x, views.backend.full((1, 2, 1), 0))
    with pytest.raises(ValueError, match=r"\(3, 1\) does not broadcast to \(2, 2\)"):
        nd.broadcast_to(x, (2, 2))
