"""What kernels of floating-point arrays ask of their operands."""

from __future__ import annotations

from needle_hw3.kernels_numpy.view import View
from needle_hw3.layout import Shape


def check_floating(name: str, first: View, *others: View) -> None:
    """Raise `TypeError` unless all are of the dtype of the first one, float32 or float64."""
    if first.array.dtype.kind != "f":
        raise TypeError(f"{name} is not defined for dtype {first.dtype}")
    for other in others:
        if other.array.dtype != first.array.dtype:
            raise TypeError(
                f"{name} takes arrays of one dtype, not {first.dtype} and {other.dtype}"
            )


def check_shape(name: str, what: str, view: View, expected: Shape) -> None:
    """Raise `ValueError` unless the view, called `what`, has the shape that is expected."""
    if view.shape != expected:
        raise ValueError(f"{name} takes {what} of shape {expected}, not {view.shape}")


def check_axes(name: str, view: View, ndim: int, *, or_more: bool = False) -> None:
    """Raise `ValueError` unless the view has `ndim` axes, or at least that many."""
    if view.ndim != ndim and not (or_more and view.ndim > ndim):
        at_least = "at least " if or_more else ""
        raise ValueError(
            f"{name} takes an array of {at_least}{ndim} axes, not one of shape {view.shape}"
        )
