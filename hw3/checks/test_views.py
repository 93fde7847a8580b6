"""Question `views`: shapes, strides and indices."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1, part="views")
@pytest.mark.parametrize("axes", [2, 4], ids=["matrix", "four axes"])
def test_compact_strides(stage, judge, rng, axes):
    shapes = [helpers.some_sizes(rng, axes, 2, 9) for _ in range(3)]
    strides = [np.array(stage.module("layout").compact_strides(shape)) for shape in shapes]
    judge.close("strides", strides, want=lambda: [oracle_strides(s) for s in shapes])


def oracle_strides(shape):
    return np.array(np.empty(shape, np.int8).strides)


@pytest.mark.points(1, part="views")
def test_is_compact(stage, judge, rng):
    shapes = [helpers.some_sizes(rng, 3, 1, 4) for _ in range(40)]
    whole = [np.empty(shape) for shape in shapes]
    views = [x.transpose(rng.permutation(3)) if rng.integers(2) else x for x in whole]
    layouts = [
        helpers.layout_of(stage, view, x.reshape(-1)) for view, x in zip(views, whole, strict=True)
    ]
    found = [stage.module("layout").is_compact(shape, strides) for shape, strides, _ in layouts]
    judge.close("answers", np.array(found), want=lambda: np.array([row_major(x) for x in views]))


def row_major(x):
    return x.flags.c_contiguous


@pytest.mark.points(1.5, part="views")
@pytest.mark.parametrize(
    "axes", [(1, 2, 0), (-1, 0, 1), (2, -4, -1, 1)], ids=["moved", "counted from the end", "four"]
)
def test_permute(stage, judge, rng, axes):
    x, memory = helpers.with_gaps(rng, len(axes))
    permuted = stage.module("layout").permute(helpers.layout_of(stage, x, memory), axes)
    asked = f"shape {x.shape} with axes in the order {axes}"
    judge.shape(f"shape of {asked}", permuted, want=lambda: np.transpose(x, axes).shape)
    judge.close(
        f"elements of {asked}", helpers.read(memory, permuted), want=lambda: np.transpose(x, axes)
    )


@pytest.mark.points(1, part="views")
@pytest.mark.parametrize("axes", [0, (0, -1), None], ids=["first axis", "two axes", "all axes"])
def test_flip(stage, judge, rng, axes):
    x, memory = helpers.with_gaps(rng, 3)
    flipped = stage.module("layout").flip(helpers.layout_of(stage, x, memory), axes)
    asked = f"shape {x.shape} flipped along {axes}"
    judge.shape(f"shape of {asked}", flipped, want=lambda: x.shape)
    judge.close(
        f"elements of {asked}", helpers.read(memory, flipped), want=lambda: np.flip(x, axes)
    )


@pytest.mark.points(1.5, part="views")
def test_broadcast_shapes(stage, judge, rng):
    full = helpers.some_sizes(rng, 4, 2, 9)
    a, b = (full[0], 1, full[2], 1), (full[1], 1, full[3])
    shapes = stage.module("layout").broadcast_shapes
    judge.close("two shapes", np.array(shapes(a, b)), want=lambda: np.array(full))
    judge.close("shorter first", np.array(shapes(b, a, (1,))), want=lambda: np.array(full))
    judge.raises("sizes that differ", ValueError, lambda: shapes(a, (full[2] + 1, 1)))


@pytest.mark.points(2, part="views")
@pytest.mark.parametrize("kept", [(0, 2), (1,), (2,)], ids=["column", "row", "last axis"])
def test_broadcast(stage, judge, rng, kept):
    x, memory = helpers.with_gaps(rng, 3)
    x = x[tuple(slice(None) if axis in kept else slice(1, 2) for axis in range(3))]
    shape = (3, *[x.shape[axis] if axis in kept else 4 for axis in range(3)])
    repeated = stage.module("layout").broadcast(helpers.layout_of(stage, x, memory), shape)
    asked = f"shape {x.shape} broadcast to {shape}"
    judge.shape(f"shape of {asked}", repeated, want=lambda: shape)
    judge.close(
        f"elements of {asked}",
        helpers.read(memory, repeated),
        want=lambda: np.broadcast_to(x, shape),
    )


@pytest.mark.points(2.5, part="views")
@pytest.mark.parametrize("case", ["further on", "split", "merge", "regroup"])
def test_reshape_without_copy(stage, judge, rng, case):
    a, b, c = helpers.some_sizes(rng, 3, 2, 5)
    memory = rng.standard_normal(9 * a * b * c * 4)
    if case == "further on":  # compact, but not at the start of the memory
        x, shape = memory[a:][: a * b * 3 * c].reshape(a, b, 3 * c), (b, 3, a, c)
    elif case == "split":  # rows that have a gap between them
        x = memory[: 2 * a * b * 3 * c].reshape(2 * a, b * 3 * c)[::2]
        shape = (a, b, 3, c)
    elif case == "merge":  # of axes that go on where the next one ends
        x = memory[: a * b * 3 * c].reshape(a, b, 3 * c)[:, ::-1][:, ::-1].transpose(2, 0, 1)
        shape = (3 * c, a * b)
    else:  # two axes become two others, beside an axis with a step
        x = memory[: 6 * a * 2 * c].reshape(6, a, 2 * c)[..., ::2]
        shape = (2, 3 * a, c)
    layout = helpers.layout_of(stage, x, memory)
    reshaped = stage.module("layout").reshape(layout, shape)
    asked = f"shape {x.shape} with strides {layout.strides} as {shape}"
    judge.value(f"a copy needed for {asked}", reshaped is None, want=lambda: False)
    judge.shape(f"shape of {asked}", reshaped, want=lambda: shape)
    judge.close(
        f"elements of {asked}", helpers.read(memory, reshaped), want=lambda: x.reshape(shape)
    )


@pytest.mark.points(1.5, part="views")
@pytest.mark.parametrize("case", ["of a view", "by a copy", "unknown size", "copy wanted"])
def test_reshape(stage, judge, rng, case):
    x, _ = helpers.with_gaps(rng, 3)
    a, b, c = x.shape
    array = helpers.on_numpy(stage, x)
    if case == "of a view":
        result, shape = array.reshape(a, 1, b, c, 1), (a, 1, b, c, 1)
    elif case == "by a copy":
        result, shape = array.reshape((c, a * b)), (c, a * b)
    elif case == "unknown size":
        result, shape = array.reshape((b, -1)), (b, a * c)
    else:
        result, shape = array.reshape((a, 1, b, c), copy=True), (a, 1, b, c)
    before = x.copy()
    asked = f"shape {x.shape} as {shape}" + (" with copy=True" if case == "copy wanted" else "")
    judge.close(f"elements of {asked}", result, want=lambda: before.reshape(shape))
    x += 1
    judge.close(
        f"{asked}, after 1 was added to the array",
        result,
        want=lambda: (x if case == "of a view" else before).reshape(shape),
    )


INDICES = {
    "integers": (1, -2),
    "slices": (slice(1, 3), slice(None), slice(-2, None)),
    "steps": (slice(None, 3, 2), slice(2, 0, -1), slice(None, None, 2)),
    "slice and integer": (slice(None, -1), 2, slice(1, None)),
    "new axes": (None, slice(1, None), None, 0),
    "ellipsis": (..., 1),
}


@pytest.mark.points(3, part="views")
@pytest.mark.parametrize("case", INDICES)
def test_index(stage, judge, rng, case):
    x, _ = helpers.with_gaps(rng, 3)
    judge.close(
        "elements", helpers.on_numpy(stage, x)[INDICES[case]], want=lambda: x[INDICES[case]]
    )


@pytest.mark.points(2.5, part="views")
@pytest.mark.parametrize(
    "case",
    ["one array", "two arrays", "array and slice", "array of arrays", "truth value"],
)
def test_index_by_arrays(stage, judge, rng, case):
    x, _ = helpers.with_gaps(rng, 3)
    first, second = rng.integers(-3, 3, 5), rng.integers(0, 3, 5)
    index = {
        "one array": first,
        "two arrays": (first, second),
        "array and slice": (slice(1, None), first),
        "array of arrays": (slice(None), np.stack([first, second])),
        "truth value": (slice(1, None), True),
    }[case]
    array = helpers.on_numpy(stage, x)
    judge.close("elements", array[index], want=lambda: x[index])
    if case == "two arrays":
        judge.raises("arrays that do not fit", IndexError, lambda: array[first, second[:-1]])


@pytest.mark.points(2.5, part="views")
@pytest.mark.parametrize("case", ["number", "array", "row", "by arrays"])
def test_set(stage, judge, rng, case):
    x, _ = helpers.with_gaps(rng, 2)
    index = (slice(1, None), slice(None, None, 2))
    if case == "by arrays":
        index = (rng.permutation(3)[:2], slice(None))
    values = rng.standard_normal(np.empty(x.shape)[index].shape)
    value = {"number": float(values[0, 0]), "row": values[0]}.get(case, values)
    before = x.copy()
    array = helpers.on_numpy(stage, x)
    array[index] = helpers.on_numpy(stage, value) if case != "number" else value
    judge.close("the array", array, want=lambda: oracles.replaced(before, index, value))
