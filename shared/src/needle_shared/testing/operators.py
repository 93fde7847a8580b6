"""The contract of operators: NumPy's values in float64, and gradients by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from needle_shared.testing.asserts import as_numpy, assert_close
from needle_shared.testing.gradcheck import gradient_check

Function = Callable[..., Any]

# 0-d, empty, and with axes of size 1.
OPERATOR_SHAPES = [(), (1,), (3,), (0,), (2, 3), (1, 3), (2, 0), (2, 1, 3)]

# Views of tensors, and the same views of NumPy's arrays.
OPERATOR_VIEWS: dict[str, tuple[Function, Function]] = {
    "compact": (lambda t: t, lambda a: a),
    "reversed": (lambda t: t[..., ::-1] if t.ndim else t, lambda a: a[..., ::-1] if a.ndim else a),
    "transposed": (
        lambda t: t.transpose() if t.ndim > 1 else t,
        lambda a: a.swapaxes(-1, -2) if a.ndim > 1 else a,
    ),
    "broadcast": (
        lambda t: t.broadcast_to((2, *t.shape)),
        lambda a: np.broadcast_to(a, (2, *a.shape)),
    ),
}


def operator_check(function: Function, reference: Function | None, *leaves: Any) -> None:
    """Assert that `function` of the tensors `leaves` is what NumPy says, and its gradient right.

    Its value must be that of `reference`, or of `function` itself, on float64 arrays; its dtype
    that to which the leaves promote, and its device theirs. Each gradient has the shape, dtype and
    device of its leaf, is the same without `create_graph`, and in float64 agrees with differences.
    """
    arrays = [as_numpy(leaf) for leaf in leaves]
    result = function(*leaves)
    dtype = np.result_type(*arrays)
    tolerance = {"rtol": 2e-5, "atol": 1e-5} if dtype == np.float32 else {}
    expected = (reference or function)(*[array.astype(np.float64) for array in arrays])
    assert_close(result.numpy(), expected, **tolerance)
    _require(result.numpy().dtype == dtype, f"dtype {result.dtype}, expected {dtype}")
    _require(result.device == leaves[0].device, f"result on {result.device}")
    result.backward(create_graph=False)
    constants = [leaf.grad for leaf in leaves]
    result.backward()
    for leaf, array, constant in zip(leaves, arrays, constants, strict=True):
        grad = leaf.grad
        _require(grad.shape == array.shape, f"gradient of shape {grad.shape} for {array.shape}")
        _require(grad.numpy().dtype == array.dtype, f"gradient {grad.dtype} for {array.dtype}")
        _require(grad.device == leaf.device, f"gradient on {grad.device}, leaf on {leaf.device}")
        assert_close(constant.numpy(), grad.numpy(), **tolerance)
    if dtype == np.float64:
        gradient_check(function, *leaves)


def unary_operator_check(
    check: Function, draw: Function, case: tuple[Any, ...], view: str, dtype: str
) -> None:
    """Check an operator of one tensor on `view`s of numbers of every shape.

    `case` is its name, the operator of tensors, that of arrays or None, and the kind of numbers;
    `check` and `draw` are the fixtures `check_operator` and `draw`.
    """
    _, function, reference, numbers = case
    of_tensor, of_array = OPERATOR_VIEWS[view]
    for shape in OPERATOR_SHAPES:
        check(
            lambda x: function(of_tensor(x)),
            lambda x: (reference or function)(of_array(x)),
            draw(shape, numbers, dtype),
        )


def gradient_of(function: Function, position: int = 0) -> Function:
    """Return a function of tensors: the gradient of `function`, with graph, for one of them.

    The result of `function` is weighted by 1, 2, 3, ..., so that no symmetry hides a fault. Then
    `gradient_check(gradient_of(f), x)` checks second derivatives.
    """

    def gradient(*leaves: Any) -> Any:
        result = function(*leaves)
        like = result.realize_cached_data()
        xp = like.__array_namespace__()
        weights = np.arange(1.0, result.size + 1).reshape(result.shape)
        array = xp.asarray(weights, dtype=like.dtype, device=like.device)
        result.backward(type(leaves[0]).make_const(array))
        grad = leaves[position].grad
        for leaf in leaves:  # what is asked next is the gradient of this gradient
            leaf.grad = None
        return grad

    return gradient


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
