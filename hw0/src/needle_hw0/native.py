"""The epochs in C++: the same updates, from `csrc/epochs.cpp`.

The package imports and works without the compiled module; only these functions need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from needle_hw0.checks import NATIVE, Floats, Labels, check_update

if TYPE_CHECKING:
    from types import ModuleType


def softmax_regression_epoch_cpp(
    X: Floats, y: Labels, theta: Floats, lr: float, batch: int
) -> None:
    """Train theta (n, k) in place on X (m, n) and y (m,), as `softmax_regression_epoch` does.

    X and theta are float32 and y uint8, all C-contiguous; everything else is an error that
    leaves theta as it was. Other threads run meanwhile. Ctrl-C stops between two batches, and
    ImportError says how to build the compiled module where it is missing.
    """
    check_update(X, y, {"theta": theta}, lr, batch, NATIVE)
    _extension().softmax_regression_epoch(X, y, theta, lr, min(batch, len(X)))


def nn_epoch_cpp(X: Floats, y: Labels, W1: Floats, W2: Floats, lr: float, batch: int) -> None:
    """Train W1 (n, d) and W2 (d, k) in place on X (m, n) and y (m,), as `nn_epoch` does.

    Types, layouts and errors are those of `softmax_regression_epoch_cpp`.
    """
    check_update(X, y, {"W1": W1, "W2": W2}, lr, batch, NATIVE)
    _extension().nn_epoch(X, y, W1, W2, lr, min(batch, len(X)))


def _extension() -> ModuleType:
    try:
        from needle_hw0 import _simple_ml_ext  # noqa: PLC0415 - optional: see the module's text
    except ImportError as error:
        raise ImportError(
            f"needle_hw0 has no compiled module ({error}); install a C++20 compiler and build it "
            "with `pip install ./hw0`"
        ) from error
    return _simple_ml_ext
