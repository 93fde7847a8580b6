"""Strategies for hypothesis: shapes, arrays, indices and views that are not compact."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


def shapes(
    *, min_dims: int = 0, max_dims: int = 4, min_side: int = 0, max_side: int = 5
) -> st.SearchStrategy[Shape]:
    """Return shapes: 0-d, empty and size-1 axes included."""
    return hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


def broadcastable_shapes(
    number: int = 2, *, max_dims: int = 4, min_side: int = 0, max_side: int = 4
) -> st.SearchStrategy[hnp.BroadcastableShapes]:
    """Return `number` shapes that broadcast, as `input_shapes`, with their `result_shape`."""
    return hnp.mutually_broadcastable_shapes(
        num_shapes=number, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


def arrays(
    shape: Shape | st.SearchStrategy[Shape], dtype: str = "float64", bound: float = 10.0
) -> st.SearchStrategy[Array]:
    """Return arrays of `dtype` with values in [-bound, bound], none of them denormal."""
    elements = st.floats(
        -bound, bound, width=32 if dtype == "float32" else 64, allow_subnormal=False
    )
    return hnp.arrays(dtype, shape, elements=elements)


def basic_indices(shape: Shape) -> st.SearchStrategy[Any]:
    """Return indices of integers, slices of any step, None and `...` that fit `shape`."""
    return hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)


@st.composite
def views(
    draw: st.DrawFn, shape: st.SearchStrategy[Shape] | None = None, dtype: str = "float64"
) -> Array:
    """Return an array that may be a view: permuted, sliced by any step, broadcast, or all three."""
    base = draw(arrays(shape or shapes(min_side=1), dtype))
    for _ in range(draw(st.integers(0, 3))):
        base = draw(st.sampled_from(_STEPS))(draw, base)
    return base


def _permuted(draw: st.DrawFn, array: Array) -> Array:
    view: Array = array.transpose(draw(st.permutations(range(array.ndim))))
    return view


def _sliced(draw: st.DrawFn, array: Array) -> Array:
    steps = st.sampled_from(
        [slice(None), slice(1, None), slice(None, None, 2), slice(None, None, -1)]
    )
    view: Array = array[tuple(draw(steps) for _ in range(array.ndim))]
    return view


def _repeated(draw: st.DrawFn, array: Array) -> Array:
    view: Array = np.broadcast_to(array, (draw(st.integers(1, 3)), *array.shape))
    return view


_STEPS = [_permuted, _sliced, _repeated]
