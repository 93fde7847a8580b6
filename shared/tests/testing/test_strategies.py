"""The strategies must reach the cases for which they exist."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis.errors import NoSuchExample

from needle_shared.testing import arrays, basic_indices, broadcastable_shapes, shapes, views

REACHED = settings(max_examples=2000, database=None)


@pytest.mark.parametrize(
    "wanted",
    [lambda s: s == (), lambda s: 0 in s, lambda s: 1 in s, lambda s: len(s) == 4],
    ids=["0-d", "empty", "size 1", "4 axes"],
)
def test_shapes_reach_the_edge_cases(wanted):
    assert wanted(find(shapes(), wanted, settings=REACHED))


def test_shapes_keep_their_bounds():
    with pytest.raises(NoSuchExample):
        find(shapes(min_side=1), lambda s: 0 in s, settings=REACHED)


@given(broadcastable_shapes(3))
def test_broadcastable_shapes_broadcast_to_their_result(drawn):
    assert np.broadcast_shapes(*drawn.input_shapes) == drawn.result_shape


@given(arrays((3,), "float32", bound=2.0))
def test_arrays_are_finite_and_bounded(array):
    assert array.dtype == np.float32
    assert np.all(np.abs(array) <= 2)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda v: any(step < 0 for step in v.strides) and v.size > 1,
        lambda v: any(s == 0 and n > 1 for s, n in zip(v.strides, v.shape, strict=True)),
        lambda v: v.flags.f_contiguous and not v.flags.c_contiguous,
        lambda v: v.flags.c_contiguous,
    ],
    ids=["negative stride", "stride 0", "permuted", "compact"],
)
def test_views_reach_the_strides_that_go_wrong(wanted):
    assert wanted(find(views(), wanted, settings=REACHED))


def test_basic_indices_reach_every_kind_of_entry():
    def kinds(index):
        entries = index if isinstance(index, tuple) else (index,)
        return {type(entry) for entry in entries}

    for kind in (int, slice, type(None), type(Ellipsis)):
        index = find(basic_indices((3, 4)), lambda i, k=kind: k in kinds(i), settings=REACHED)
        np.zeros((3, 4))[index]


@given(basic_indices((3, 2)))
def test_basic_indices_fit_their_shape(index):
    np.zeros((3, 2))[index]
