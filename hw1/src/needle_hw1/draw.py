"""Pictures of the computational graph, as Graphviz or Mermaid text."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from needle_hw1.autograd import Value, find_topo_sort

_SHOWN_SETTINGS = ("scalar", "axes", "shape", "keepdims", "dtype", "index")


def draw_graph(
    output: Value, *, format: Literal["dot", "mermaid"] = "dot", path: str | Path | None = None
) -> str:
    """Return the graph that `output` was computed by, as text in the `format` language.

    Each op is a box with its settings and the shape of its result; each leaf is rounded, dashed
    if it requires no gradient. Arrows follow the data.

    With `path`, the picture is also written there, in the format of its suffix (`.svg`, `.png`,
    `.pdf`); that needs `pip install needle-hw1[draw]` and the Graphviz programs.
    """
    output.realize_cached_data()  # what is broadcast is known when all is computed
    writers = {"dot": _dot, "mermaid": _mermaid}
    if format not in writers:
        raise ValueError(f"format is one of {sorted(writers)}, got {format!r}")
    if path is not None:
        _render(_dot(output), Path(path))
    return writers[format](output)


def _nodes(output: Value) -> list[tuple[str, Value, list[str]]]:
    """Return name, value and the names of the inputs of each node, inputs first."""
    order = find_topo_sort([output])
    names = {id(value): f"n{number}" for number, value in enumerate(order)}
    return [(names[id(v)], v, [names[id(x)] for x in v.inputs]) for v in order]


def _label(value: Value) -> tuple[str, str]:
    """Return the two lines of a node: what it is, and its shape and dtype."""
    array = value.realize_cached_data()
    about = f"{tuple(array.shape)} {array.dtype}"
    if value.op is None:
        return type(value).__name__, about
    settings = [
        f"{name}={setting}"
        for name in _SHOWN_SETTINGS
        if (setting := getattr(value.op, name, None)) is not None and setting is not False
    ]
    name = type(value.op).__name__
    return (f"{name}({', '.join(settings)})" if settings else name), about


def _dot(output: Value) -> str:
    lines = ["digraph {", '  node [shape=box, fontname="Helvetica"]']
    for name, value, inputs in _nodes(output):
        style = ""
        if value.op is None:
            style = f', style="{"rounded" if value.requires_grad else "rounded,dashed"}"'
        lines.append(f'  {name} [label="{_escaped(chr(10).join(_label(value)))}"{style}]')
        lines += [f"  {source} -> {name}" for source in inputs]
    return "\n".join([*lines, "}"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


_MERMAID_ENTITIES = str.maketrans(
    {"#": "#35;", '"': "#quot;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "\n": "<br>"}
)


def _mermaid(output: Value) -> str:
    lines = ["flowchart TD"]
    for name, value, inputs in _nodes(output):
        label = "\n".join(_label(value)).translate(_MERMAID_ENTITIES)
        opening, closing = ("[", "]") if value.op else ("(", ")")
        lines.append(f'  {name}{opening}"{label}"{closing}')
        if not value.op and not value.requires_grad:
            lines.append(f"  style {name} stroke-dasharray: 5 5")
        lines += [f"  {source} --> {name}" for source in inputs]
    return "\n".join(lines)


def _render(dot: str, path: Path) -> None:
    try:
        import graphviz  # noqa: PLC0415 (an optional extra)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a picture needs the package graphviz: pip install needle-hw1[draw]"
        ) from error
    suffix = path.suffix.removeprefix(".")
    if suffix not in graphviz.FORMATS:
        raise ValueError(f"{path} ends in no format of Graphviz, such as .svg or .png")
    path.write_bytes(graphviz.Source(dot).pipe(format=suffix))
