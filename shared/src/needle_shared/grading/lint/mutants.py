"""Mutants: Python sources with one small fault in a symbol, as students make them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.MatMult: "*",
    ast.Pow: "*",
    ast.FloorDiv: "*",
    ast.Mod: "//",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
}
# Calls that reduce or shape a gradient: without one of them the result has another shape or sum.
_REDUCTIONS = {"sum", "mean", "max", "sum_to_shape", "summation", "broadcast_to", "restore_axes",
               "transpose", "reshape", "sqrt", "exp", "log", "abs", "negate"}  # fmt: skip

_MODULES = {"np", "xp", "ops", "math"}
# What decides how much of a graph is kept, and which errors are found: not what is computed.
_NO_VALUES = {
    "requires_grad",
    "create_graph",
    "record",
    "is_recording",
    "no_grad",
    "copy",
    "strict",
}


@dataclass(frozen=True)
class Mutant:
    """A changed source; `fault` says in which line what stands instead of what."""

    fault: str
    source: str


def mutants(source: str, name: str) -> Iterator[Mutant]:
    """Yield the mutants of a function, a method or all methods of a class, by its qualified name.

    Raise LookupError if there is none of the name. What changes no value is left as it is: whether
    an error is raised and what it says, texts, and how much of a graph is kept.
    """
    tree = ast.parse(source)
    node = _find(tree, name.split("."))
    if node is None:
        raise LookupError(name)
    lines = source.encode().split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    data = source.encode()

    def place(part: ast.AST, *, end: bool = False) -> int:
        line = part.end_lineno if end else part.lineno  # type: ignore[attr-defined]
        column = part.end_col_offset if end else part.col_offset  # type: ignore[attr-defined]
        return starts[int(line) - 1] + int(column)

    def text(part: ast.AST) -> str:
        return data[place(part) : place(part, end=True)].decode()

    def changed(begin: int, end: int, new: str, line: int) -> Mutant | None:
        mutant = (data[:begin] + new.encode() + data[end:]).decode()
        try:
            ast.parse(mutant)
        except SyntaxError:
            return None
        old = data[begin:end].decode()
        return Mutant(f"line {line}: {_one_line(old)} -> {_one_line(new)}", mutant)

    for part in _parts(node):
        for new in _replacements(part, text):
            begin, end = place(part), place(part, end=True)
            mutant = changed(
                begin, end, f"({new})" if isinstance(part, ast.expr) else new, part.lineno
            )
            if mutant is not None:
                yield mutant


def _replacements(part: ast.expr | ast.stmt, text: Callable[[ast.AST], str]) -> Iterator[str]:
    """Yield what may stand in the place of a part of the source."""
    match part:
        case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
            yield from _of_operator(text(left), op, text(right))
        case ast.Compare(left, [op], [right]) if type(op) in _COMPARISONS:
            yield f"{text(left)} {_COMPARISONS[type(op)]} {text(right)}"
        case ast.AugAssign(target, op, value) if type(op) in _OPERATORS:
            yield f"{text(target)} {_OPERATORS[type(op)]}= {text(value)}"
        case ast.Return(ast.Tuple([first, second])):
            yield f"return {text(second)}, {text(first)}"
        case ast.Constant(bool() | int() | float() as value):
            yield _another(value)
        case ast.expr():
            yield from map(text, _inner(part))


def _of_operator(left: str, op: ast.operator, right: str) -> Iterator[str]:
    yield f"{left} {_OPERATORS[type(op)]} {right}"
    if isinstance(op, ast.Div | ast.Mult | ast.Sub):
        yield left
    if isinstance(op, ast.Sub):
        yield f"{right} - {left}"
    if isinstance(op, ast.MatMult):
        yield f"{right} @ {left}"


def _inner(part: ast.expr) -> list[ast.AST]:
    """Return parts of an expression that may stand for all of it."""
    match part:
        case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
            return [operand]
        case ast.Call(func, arguments) if _name(func) in _REDUCTIONS:
            if isinstance(func, ast.Attribute) and _name(func.value) not in _MODULES:
                return [func.value]  # the object of a method
            return [*arguments[:1]]
        case ast.IfExp(test, body, orelse) if not {*map(_name, (test, body, orelse))} & _NO_VALUES:
            return [arm for arm, other in [(body, orelse), (orelse, body)] if not _slow(arm, other)]
    return []


def _slow(part: ast.expr, other: ast.expr) -> bool:
    """Return whether a part is another one in a shape that it may have: `reshape(x, shape)`."""
    match part:
        case ast.Call(function, [first, *_]) if _name(function) == "reshape":
            return ast.dump(first) == ast.dump(other)
    return False


def _another(value: float) -> str:
    """Return another number or truth value."""
    if isinstance(value, bool):
        return str(not value)
    return str(value + 1) if isinstance(value, int) else str(2 * value + 1)


def _parts(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield the expressions and statements that may have a fault."""
    for child in ast.iter_child_nodes(node):
        if _is_left(node, child):
            continue
        if isinstance(child, ast.If) and _is_other(child):
            yield from (p for s in child.orelse for p in [s, *_parts(s)])
            continue
        if isinstance(child, ast.expr | ast.stmt):
            yield child
        yield from _parts(child)


def _is_other(branch: ast.If) -> bool:
    """Return whether a branch is for errors, or for the fused kernels that a backend may have."""
    match branch.test:
        case ast.Compare(ast.Name("kernels"), [ast.IsNot()], [ast.Constant(None)]):
            return True
    return isinstance(branch.body[-1], ast.Raise)


def _is_left(node: ast.AST, child: ast.AST) -> bool:
    """Return whether a part of a node is left as it is, with all that is in it."""
    match node, child:
        case _, ast.Raise() | ast.Assert() | ast.arguments() | ast.JoinedStr():
            return True
        case ast.FunctionDef(), _:
            return child in [*node.decorator_list, node.returns]
        case _, ast.Attribute(attr=name) | ast.keyword(arg=name) if name in _NO_VALUES:
            return True
        case ast.Call(function, [first, *_]), _:
            return _is_checked(first, child) or (
                _name(function) == "reshape" and ast.unparse(child) == "-1"  # as all below 0
            )
    return isinstance(node, ast.ClassDef) and isinstance(child, ast.AnnAssign)


def _is_checked(first: ast.expr, child: ast.AST) -> bool:
    """Return whether a part says what is right, as in whole_number("batch", batch, at_least=1)."""
    value = child.value if isinstance(child, ast.keyword) else child
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return is_text and isinstance(value, ast.Constant)


def _find(tree: ast.AST, names: list[str]) -> ast.AST | None:
    """Return the last definition of a qualified name."""
    found = None
    for child in ast.iter_child_nodes(tree):
        kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
        if isinstance(child, kinds) and child.name == names[0]:
            found = child if len(names) == 1 else _find(child, names[1:]) or found
        elif isinstance(child, ast.If | ast.Try):
            found = _find(child, names) or found
    return found


def _name(function: ast.expr) -> str:
    """Return the name of a function, or of that which a call calls."""
    if isinstance(function, ast.Call):
        return _name(function.func)
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
