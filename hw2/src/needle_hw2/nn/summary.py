"""A table of a model: what each module returns, and its parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from needle_hw1 import Tensor, no_grad
from needle_hw1.array_api import Shape
from needle_hw2 import init
from needle_hw2.nn.module import Module

HEADINGS = ("module", "output shape", "parameters")


def summary(model: Module, input_shape: Shape) -> str:
    """Return a table of the modules in `model`, the shapes of their results, and parameters.

    `model` is called once, in evaluation, on zeros of `input_shape`, the batch included, of the
    dtype and on the device of its first parameter. Its state and mode are left as they were. A
    parameter counts for the innermost module that owns it, and once.
    """
    first = next(iter(model.parameters()), None)
    options = {} if first is None else {"device": first.device, "dtype": first.dtype}
    with _recorded(model) as shapes, _evaluated(model), no_grad():
        model(init.zeros(*input_shape, **options))
    sizes = _own_sizes(model)
    rows = []
    for name, module in model.named_modules():
        label = f"{name}: {type(module).__name__}" if name else type(module).__name__
        indent = "  " * name.count(".") + "  " * bool(name)
        size = f"{sizes[name]:,}" if sizes[name] else ""
        rows.append((indent + label, shapes.get(id(module), "not called"), size))
    return _table(rows, total=sum(sizes.values()))


@contextmanager
def _recorded(model: Module) -> Iterator[dict[int, str]]:
    """Note what each module returns inside the `with` block, by the module's id."""
    shapes: dict[int, str] = {}
    watched = list(Module.modules(model))
    before = [vars(module).get("forward") for module in watched]
    for module in watched:
        vars(module)["forward"] = _noting(module, shapes)
    try:
        yield shapes
    finally:
        for module, forward in zip(watched, before, strict=True):
            del vars(module)["forward"]
            if forward is not None:
                vars(module)["forward"] = forward


def _noting(module: Module, shapes: dict[int, str]) -> Callable[..., Any]:
    forward = module.forward

    def noting(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        is_tensor = isinstance(result, Tensor)
        shapes[id(module)] = str(result.shape) if is_tensor else type(result).__name__
        return result

    return noting


@contextmanager
def _evaluated(model: Module) -> Iterator[None]:
    """Put `model` into evaluation inside the `with` block."""
    modes = [(module, module.training) for module in Module.modules(model)]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _own_sizes(model: Module) -> Counter[str]:
    """Return the number of parameters of each module, by its name, without those inside it."""
    names = {name for name, _ in model.named_modules()}
    sizes: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        while owner not in names:  # it may stand in a list or dict of the module
            owner = owner.rpartition(".")[0]
        sizes[owner] += parameter.size
    return sizes


def _table(rows: list[tuple[str, str, str]], total: int) -> str:
    """Return `rows` under their headings, and the total."""
    lines = [HEADINGS, *rows, ("total", "", f"{total:,}")]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [
        f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {size:>{widths[2]}}".rstrip()
        for name, shape, size in lines
    ]
    rule = "─" * (sum(widths) + 4)
    return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])
