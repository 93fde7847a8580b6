"""The contract of modules: a formula's values, and gradients by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from needle_shared.testing.asserts import as_numpy, assert_close
from needle_shared.testing.gradcheck import gradient_check


def module_check(module: Any, reference: Callable[..., Any], *inputs: Any) -> None:
    """Assert that a module in float64 computes a formula, and that its gradients are right.

    Its result must be that of `reference`, which takes NumPy arrays: the inputs, then the
    parameters by name, with `_` for each dot. The gradients of inputs and parameters must agree
    with differences, and be the same without `create_graph`. The module's parameters are replaced
    meanwhile.
    """
    parameters = dict(module.named_parameters())
    values = {name.replace(".", "_"): as_numpy(p) for name, p in parameters.items()}
    assert_close(module(*inputs), reference(*map(as_numpy, inputs), **values))
    owners = dict(module.named_modules())

    def function(*leaves: Any) -> Any:
        for name, leaf in zip(parameters, leaves[len(inputs) :], strict=True):
            owner, _, attribute = name.rpartition(".")
            setattr(owners[owner], attribute, leaf)
        return module(*leaves[: len(inputs)])

    gradient_check(function, *inputs, *parameters.values())
    function(*inputs, *parameters.values())  # with its own parameters again
    result = module(*inputs)
    result.backward()
    leaves = [*inputs, *parameters.values()]
    expected = [leaf.grad for leaf in leaves]
    result.backward(create_graph=False)
    for leaf, grad in zip(leaves, expected, strict=True):
        assert_close(leaf.grad, grad)
