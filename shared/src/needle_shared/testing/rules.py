"""Rules that every operator keeps, whatever it computes.

Each check takes a function of tensors, and leaves to call it on.
"""

from __future__ import annotations

import importlib
import weakref
from typing import Any

import numpy as np

from needle_shared.testing.asserts import as_numpy, assert_close
from needle_shared.testing.gradcheck import gradient_check
from needle_shared.testing.operators import Function, gradient_of


def second_derivative_check(function: Function, *leaves: Any) -> None:
    """Assert that the gradient of the gradient agrees with differences, in float64.

    Where the gradient depends on no leaf, as that of a piecewise linear function, it must not
    change nearby either.
    """
    for position in range(len(leaves)):
        gradient = gradient_of(function, position)
        if gradient(*leaves).requires_grad:
            gradient_check(gradient, *leaves)
        else:
            moved = [_copy(leaf, as_numpy(leaf) + 1e-6) for leaf in leaves]
            _assert_same(gradient(*leaves), gradient(*moved))


def lazy_check(function: Function, *leaves: Any) -> None:
    """Assert that values and gradients are the same, bit by bit, if they are computed later."""

    def run(create_graph: bool) -> list[Any]:
        mine = [_copy(leaf, as_numpy(leaf)) for leaf in leaves]
        result = function(*mine)
        result.backward(create_graph=create_graph)
        return [result, *(leaf.grad for leaf in mine)]

    for create_graph in (True, False):
        eager = run(create_graph)
        with importlib.import_module("needle_hw1").lazy():
            deferred = run(create_graph)
        for a, b in zip(deferred, eager, strict=True):
            _assert_same(a, b)


def constant_check(function: Function, *leaves: Any) -> None:
    """Assert that a result has no graph if nothing requires a gradient, or under `no_grad`."""
    constants = [leaf.detach() for leaf in leaves]
    result = function(*constants)
    if result.requires_grad:
        raise AssertionError("a result of constants requires a gradient")
    with importlib.import_module("needle_hw1").no_grad():
        other = function(*leaves)
    if not other.is_leaf():
        raise AssertionError("a result under no_grad has a graph")
    _assert_same(result, other)


def purity_check(function: Function, *leaves: Any) -> None:
    """Assert that neither values nor gradients write into arrays that are not theirs.

    And that gradients can be asked for again.
    """
    before = [as_numpy(leaf).copy() for leaf in leaves]
    result = function(*leaves)
    weights = np.cos(np.arange(result.size)).reshape(result.shape)  # no two are alike
    cotangent = _copy(result, weights)
    before += [as_numpy(value).copy() for value in (result, cotangent)]
    found = []
    for create_graph in (False, True, False):
        result.backward(cotangent, create_graph=create_graph)
        found.append([as_numpy(leaf.grad).copy() for leaf in leaves])
    for first, second, third in zip(*found, strict=True):
        assert_close(first, second)
        np.testing.assert_array_equal(first, third)
    for value, kept in zip((*leaves, result, cotangent), before, strict=True):
        np.testing.assert_array_equal(as_numpy(value), kept)


def reuse_check(op: Any, read: Function, first: list[Any], second: list[Any]) -> None:
    """Assert that an op can be called on the leaves `second` before `first` are differentiated.

    What it leaves for the gradient belongs to the values that it was called on. `read` makes one
    tensor of what the op returns.
    """
    for create_graph in (True, False):
        read(op(*first)).backward(create_graph=create_graph)
        expected = [as_numpy(leaf.grad).copy() for leaf in first]
        result = read(op(*first))
        op(*second)
        result.backward(create_graph=create_graph)
        for leaf, grad in zip(first, expected, strict=True):
            np.testing.assert_array_equal(as_numpy(leaf.grad), grad)


def partial_gradient_check(function: Function, *leaves: Any) -> None:
    """Assert that leaves have their gradients even if the others are constants, which have none."""
    function(*leaves).backward()
    expected = [leaf.grad for leaf in leaves]
    for create_graph in (True, False):
        for position in range(len(leaves)):
            mine = [
                leaf if index == position else leaf.detach() for index, leaf in enumerate(leaves)
            ]
            function(*mine).backward(create_graph=create_graph)
            if any(leaf.grad is not None for index, leaf in enumerate(mine) if index != position):
                raise AssertionError("a constant has a gradient")
            assert_close(mine[position].grad, expected[position])


def release_check(function: Function, *leaves: Any) -> None:
    """Assert that reference counts free all that was made; call it without the collector."""
    for create_graph in (True, False):
        result = function(*leaves)
        result.backward(create_graph=create_graph)
        made = [weakref.ref(result), *(weakref.ref(leaf.grad) for leaf in leaves)]
        del result
        for leaf in leaves:
            leaf.grad = None
        left = [reference() for reference in made if reference() is not None]
        if left:
            raise AssertionError(f"still there: {left}")


def _copy(like: Any, values: Any) -> Any:
    """Return a leaf of the class, library, device and dtype of `like`, with `values`."""
    array = like.realize_cached_data()
    data = array.__array_namespace__().asarray(values, dtype=array.dtype, device=array.device)
    return type(like).make_const(data, requires_grad=True)


def _assert_same(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(as_numpy(a), as_numpy(b))
