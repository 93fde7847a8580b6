"""Gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from needle_shared.testing.asserts import as_numpy

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def gradient_check(
    function: Callable[..., Any],
    *inputs: Any,
    rng: np.random.Generator | None = None,
    eps: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-7,
) -> None:
    r"""Assert that `backward()` agrees with central differences, in float64.

    A result y = f(x_1, ..., x_n) of any shape is contracted with a random cotangent v. For each
    element of each input,

    .. math:: \frac{\partial \langle v, f \rangle}{\partial x} \approx
              \frac{\langle v, f(x + h) \rangle - \langle v, f(x - h) \rangle}{2 h},
              \qquad h = \epsilon \max(1, |x|)

    Parameters
    ----------
    function
        Takes as many tensors as there are inputs, and returns a tensor. It must be smooth near the
        inputs: none may lie at the corner of a ReLU.
    inputs
        Tensors of any stage, on any device; only their values, device and library are used.
    rng
        Draws the cotangent.
    eps, rtol, atol
        Relative step, and tolerances of the comparison.
    """
    rng = rng or np.random.default_rng(0)
    values = [np.array(as_numpy(x), dtype=np.float64) for x in inputs]
    leaves = [_leaf(x, value) for x, value in zip(inputs, values, strict=True)]
    output = function(*leaves)
    cotangent = rng.standard_normal(output.shape)
    output.backward(_leaf(output, cotangent))

    def contracted(arguments: list[FloatArray]) -> float:
        result = function(*(_leaf(x, value) for x, value in zip(inputs, arguments, strict=True)))
        return float(np.sum(cotangent * as_numpy(result)))

    for position, leaf in enumerate(leaves):
        expected = _central_differences(contracted, values, position, eps)
        found = np.zeros_like(expected) if leaf.grad is None else as_numpy(leaf.grad)
        _compare(position, found, expected, rtol, atol)


def _leaf(like: Any, values: FloatArray) -> Any:
    """Return a leaf of the class, library and device of the tensor `like`, with `values`."""
    array = like.realize_cached_data()
    data = array.__array_namespace__().asarray(values, device=array.device)
    return type(like).make_const(data, requires_grad=True)


def _central_differences(
    function: Callable[[list[FloatArray]], float],
    values: list[FloatArray],
    position: int,
    eps: float,
) -> FloatArray:
    result = np.empty_like(values[position])
    for index in np.ndindex(result.shape):
        ends = []
        step = eps * max(1.0, abs(float(values[position][index])))
        for sign in (+1, -1):
            moved = values[position].copy()
            moved[index] += sign * step
            ends.append(function([*values[:position], moved, *values[position + 1 :]]))
        result[index] = (ends[0] - ends[1]) / (2 * step)
    return result


def _compare(
    position: int, found: FloatArray, expected: FloatArray, rtol: float, atol: float
) -> None:
    if found.shape != expected.shape:
        raise AssertionError(
            f"gradient of input {position} has shape {found.shape}, the input {expected.shape}"
        )
    # Cancellation in the differences grows with the largest of them, not with each.
    scale = float(np.max(np.abs(expected), initial=1.0))
    error = np.abs(found - expected)
    wrong = ~(error <= atol * scale + rtol * np.abs(expected))  # nan is wrong, too
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise AssertionError(
            f"gradient of input {position} is wrong at {int(wrong.sum())} of {wrong.size} "
            f"elements; first at {index}: {found[index]:.10g}, "
            f"by differences {expected[index]:.10g}"
        )
