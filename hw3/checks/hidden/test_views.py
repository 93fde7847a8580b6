"""Question `views`: corners of shapes, strides and indices."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1, part="views", hidden=True)
def test_small_shapes(stage, judge, rng):
    a, b, c = helpers.some_sizes(rng, 3, 3, 9)
    layout = stage.module("layout")
    strides = layout.compact_strides((1, a, 1, b, c))
    judge.close(
        "strides", np.array(strides), want=lambda: np.array([a * b * c, b * c, b * c, c, 1])
    )
    # The stride of an axis of size 1 says nothing, nor do those of an empty array.
    sizes, steps = rng.integers(0, 3, 40), rng.integers(b, b + 2, 40)
    found = [
        layout.is_compact((a, size, b), (size * b, step, 1))
        for size, step in zip(sizes.tolist(), steps.tolist(), strict=True)
    ]
    judge.close("is compact", np.array(found), want=lambda: (sizes < 2) | (steps == b))


@pytest.mark.points(1, part="views", hidden=True)
def test_permute(stage, judge, rng):
    x, memory = helpers.with_gaps(rng, 5)
    axes = (3, -5, -1, 1, 2)
    layout = helpers.layout_of(stage, x[..., ::-1], memory)
    permute = stage.module("layout").permute
    permuted = helpers.read(memory, permute(layout, axes))
    judge.close("elements", permuted, want=lambda: x[..., ::-1].transpose(axes))
    judge.raises("an axis twice", ValueError, lambda: permute(layout, (3, 0, -1, 4, 2)))
    judge.raises("too few axes", ValueError, lambda: permute(layout, (3, 0, 1, 4)))


@pytest.mark.points(1, part="views", hidden=True)
def test_flip(stage, judge, rng):
    x, memory = helpers.with_gaps(rng, 3)
    flip = stage.module("layout").flip
    back = x[::-1, ::2]
    flipped = flip(helpers.layout_of(stage, back, memory), (0, 1))
    judge.close("elements", helpers.read(memory, flipped), want=lambda: np.flip(back, (0, 1)))
    again = flip(flip(helpers.layout_of(stage, x, memory), -2), (2, 1))
    judge.close("twice", helpers.read(memory, again), want=lambda: x[:, :, ::-1])
    column = flip(helpers.layout_of(stage, x[:, 1:2], memory), (0, 1))
    judge.close("a column", helpers.read(memory, column), want=lambda: x[::-1, 1:2])


@pytest.mark.points(1.5, part="views", hidden=True)
def test_broadcast(stage, judge, rng):
    x, memory = helpers.with_gaps(rng, 2)
    a, b = x.shape
    layout = stage.module("layout")
    point = helpers.layout_of(stage, x[1, 2, ...], memory)
    line = helpers.layout_of(stage, x[::-1, :1], memory)
    of_point = layout.broadcast(point, (3, b))
    judge.close("a point", helpers.read(memory, of_point), want=lambda: np.full((3, b), x[1, 2]))
    of_line = layout.broadcast(line, (2, 1, a, 1))
    judge.close(
        "ones", helpers.read(memory, of_line), want=lambda: np.tile(x[::-1, :1], (2, 1, 1, 1))
    )
    judge.raises("fewer axes", ValueError, lambda: layout.broadcast(line, (a,)))
    judge.raises("another size", ValueError, lambda: layout.broadcast(line, (a + 1, 1)))
    shape = np.array(layout.broadcast_shapes((a, 1, b), (0, 1), ()))
    judge.close("with nothing", shape, want=lambda: np.array([a, 0, b]))
    alone = np.array([*layout.broadcast_shapes(), *layout.broadcast_shapes((b,))])
    judge.close("one and none", alone, want=lambda: np.array([b]))


@pytest.mark.points(1.5, part="views", hidden=True)
def test_which_reshapes_need_a_copy(stage, judge, rng):
    memory = rng.standard_normal(2 * 3 * 4 * 6)
    shapes = [(4, 36), (12, 12), (2, 3, 24), (6, 4, 6), (3, 48), (2, 6, 2, 6), (2, 1, 72), (144,)]
    views = []
    for _ in range(6):
        parts = memory.reshape(rng.permutation([2, 3, 4, 6]))
        i, j = sorted(rng.permutation(4)[:2])
        parts = np.moveaxis(parts, i, j) if rng.integers(3) else np.flip(parts, i)
        views.append(parts if rng.integers(2) else parts[:, None])
    reshape = stage.module("layout").reshape
    results = [reshape(helpers.layout_of(stage, x, memory), s) for x in views for s in shapes]
    moved = np.array([layout is None for layout in results])
    judge.close("need a copy", moved, want=lambda: needed_copies(views, shapes))
    seen = np.array(
        [np.inf if x is None else helpers.read(memory, x).reshape(-1)[77] for x in results]
    )
    judge.close("seen without one", seen, want=lambda: elements_seen(views, shapes))


def needed_copies(views, shapes):
    return np.array([not np.shares_memory(x, x.reshape(s)) for x in views for s in shapes])


def elements_seen(views, shapes):
    needed = needed_copies(views, shapes)
    return np.where(needed, np.inf, [x.reshape(-1)[77] for x in views for _ in shapes])


@pytest.mark.points(1, part="views", hidden=True)
def test_reshape(stage, judge, rng):
    x, _ = helpers.with_gaps(rng, 4)
    a, b, c, d = x.shape
    array = helpers.on_numpy(stage, x.transpose(3, 1, 0, 2))
    reshaped = array.reshape(b, d, -1)
    judge.close("elements", reshaped, want=lambda: x.transpose(3, 1, 0, 2).reshape(b, d, a * c))
    judge.close("one axis", array.reshape(-1), want=lambda: x.transpose(3, 1, 0, 2).reshape(-1))
    empty = helpers.on_numpy(stage, x[:, 2:2])
    judge.close("no elements", empty.reshape((a, -1, c)), want=lambda: np.empty((a, 0, c)))
    judge.raises("no elements, any size", ValueError, lambda: empty.reshape((a, 0, -1)))
    judge.raises("another number", ValueError, lambda: array.reshape((a, b, c, d + 1)))
    judge.raises("two unknown sizes", ValueError, lambda: array.reshape((a, -1, -1)))
    judge.raises("only by a copy", ValueError, lambda: array.reshape((-1,), copy=False))


INDICES = {
    "negative steps": (slice(None, None, -2), slice(-1, 0, -1), slice(None, -3, -1)),
    "beyond the ends": (slice(-9, 9), slice(1, 99), slice(9, None, -3)),
    "ellipsis among axes": (None, -1, ..., None, slice(None, None, -1)),
}


@pytest.mark.points(1.5, part="views", hidden=True)
@pytest.mark.parametrize("case", INDICES)
def test_index(stage, judge, rng, case):
    x, _ = helpers.with_gaps(rng, 3)
    index = INDICES[case]
    array = helpers.on_numpy(stage, x.T)
    once = array[index]
    judge.close("elements", once, want=lambda: x.T[index])
    judge.close("without a tuple", array[index[1]], want=lambda: x.T[index[1]])
    judge.raises("two ellipses", IndexError, lambda: array[..., 0, ...])
    judge.close("a view of it", once[1:, ..., -1], want=lambda: x.T[index][1:, ..., -1])


@pytest.mark.points(2, part="views", hidden=True)
@pytest.mark.parametrize(
    "case",
    ["apart", "mask", "beside an integer", "broadcast", "of one row", "mask without axes"],
)
def test_index_by_arrays(stage, judge, rng, case):
    x, _ = helpers.with_gaps(rng, 4)
    first, second = rng.integers(-3, 3, 4), rng.integers(-3, 3, (2, 1))
    index = {
        "apart": (first, slice(None, None, -1), first[::-1]),
        "mask": (slice(1, None), x[0, :, :, 0] > 0),
        "beside an integer": (slice(None), -2, slice(None, None, 2), first),
        "broadcast": (..., first, second, None),
        "of one row": (slice(2, 3), first),
        "mask without axes": (slice(1, None), np.array(True), first),
    }[case]
    judge.close("elements", helpers.on_numpy(stage, x)[index], want=lambda: x[index])


@pytest.mark.points(1.5, part="views", hidden=True)
@pytest.mark.parametrize("case", ["overlap", "leading ones", "broadcast by arrays"])
def test_set(stage, judge, rng, case):
    x, _ = helpers.with_gaps(rng, 2)
    a = len(x)
    before = x.copy()
    array = helpers.on_numpy(stage, x)
    if case == "overlap":
        index, value = (slice(1, None), slice(None)), before[:-1, ::-1]
        array[index] = helpers.on_numpy(stage, x[:-1, ::-1])
    elif case == "leading ones":
        index, value = (slice(None), slice(1, None)), rng.standard_normal((1, 1, a, 1))
        array[index] = helpers.on_numpy(stage, value)
    else:
        index, value = (..., np.array([-1, 0])), rng.standard_normal((a, 1))
        array[index] = helpers.on_numpy(stage, value)
    judge.close("the array", array, want=lambda: oracles.replaced(before, index, value))
