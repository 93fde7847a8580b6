"""Finds functions and classes in a C++ or CUDA source.

The source is parsed as it stands, without the preprocessor. Macros that stand where the grammar of
C++ has no place for them, such as a specifier of a function, are blanked before: `NEEDLE_FUNCTION
static T apply(T a)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import tree_sitter_cpp
import tree_sitter_cuda
from tree_sitter import Language, Node, Parser

from needle_shared.grading.skeleton.errors import SourceError, SymbolError

_MACRO = rb"[A-Z][A-Z0-9]*_[A-Z0-9_]*"
_BLANKED = re.compile(
    rb"__attribute__\s*\(\(.*?\)\)|__launch_bounds__\s*\([^()]*\)|\[\[[^\[\]]*\]\]"
    rb"|\b__(?:host|device|global|forceinline)__\b"
    # A macro in front of a word, or alone on a line.
    rb"|\b"
    + _MACRO
    + rb"(?=[ \t]+(?:::)?[A-Za-z_])|^[ \t]*"
    + _MACRO
    + rb"(?:\([^()\n]*\))?[ \t]*$",
    re.MULTILINE,
)
# What looks the same and is something else: the operand of an operator, preprocessor lines.
_KEPT = re.compile(rb'(?ms)^[ \t]*#.*?(?<!\\)$|//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"')
_CUDA = re.compile(rb"__global__|<<<")
_SCOPES = {"class_specifier", "struct_specifier", "union_specifier"}
_TRANSPARENT = {
    "translation_unit",
    "declaration_list",
    "field_declaration_list",
    "linkage_specification",
    "template_declaration",
    "declaration",
    "field_declaration",
    "friend_declaration",
    "preproc_if",
    "preproc_ifdef",
    "preproc_else",
    "preproc_elif",
    "preproc_elifdef",
    "ERROR",
}


@dataclass(frozen=True)
class Definition:
    """A function with a body, or a class; positions are bytes of the source.

    `name` is qualified by namespaces, those without a name left out, and classes, without arguments
    of templates. `begin` includes `template <...>`. `body` is None for a class.
    """

    name: str
    begin: int
    end: int
    body: tuple[int, int] | None
    parameter_types: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()  # names; a pack's ends with "..."
    internal: bool = False  # in a namespace without a name: for this file alone

    @property
    def is_class(self) -> bool:
        """Whether it is a class, struct or union."""
        return self.body is None

    @property
    def signature(self) -> str:
        """The name with the types of the parameters: `needle::add(View,int)`."""
        return f"{self.name}({','.join(self.parameter_types)})"


def definitions(source: bytes) -> list[Definition]:
    """Return the functions that have a body, and the classes, in order.

    Raises SourceError if they are nested too deep.
    """
    blanked = _blank_macros(source)
    try:
        found = list(_walk(_parse(source, blanked), "", None))
    except RecursionError:
        raise SourceError("not valid C++: nested too deep") from None
    return [_with_macros(item, source, blanked) for item in found]


def find(source: bytes, name: str) -> list[Definition]:
    """Return all functions or the class that `name` means, in order.

    `name(type, type)` chooses one of several overloads. Raises SymbolError if there is none.
    """
    wanted = _squeeze(name)
    everything = definitions(source)
    if "(" in wanted and not wanted.endswith("operator()"):
        found = [item for item in everything if not item.is_class and item.signature == wanted]
    else:
        found = [item for item in everything if item.name == wanted]
    if not found:
        same = [item.signature for item in everything if item.name == wanted.split("(")[0]]
        hint = f"; there are {', '.join(same)}" if same else ""
        raise SymbolError(f"{name} is not defined{hint}")
    return found


def syntax_error(source: bytes) -> int | None:
    """Return the number of the first line that is not understood, or None."""
    node = _parse(source, _blank_macros(source))
    while node.has_error:
        if node.type == "ERROR" or node.is_missing:
            return node.start_point.row + 1
        node = next(child for child in node.children if child.has_error or child.is_missing)
    return None


def _parse(source: bytes, blanked: bytes) -> Node:
    return _parser(bool(_CUDA.search(source))).parse(blanked).root_node


@cache
def _parser(cuda: bool) -> Parser:
    return Parser(Language((tree_sitter_cuda if cuda else tree_sitter_cpp).language()))


def _blank_macros(source: bytes) -> bytes:
    kept = [match.span() for match in _KEPT.finditer(source)]
    result, at = bytearray(source), 0
    for match in _BLANKED.finditer(source):
        while at < len(kept) and kept[at][1] <= match.start():
            at += 1
        if at < len(kept) and kept[at][0] < match.end():
            continue
        begin, end = match.span()
        result[begin:end] = re.sub(rb"[^\n]", b" ", result[begin:end])
    return bytes(result)


def _with_macros(item: Definition, source: bytes, blanked: bytes) -> Definition:
    """Return a definition that begins with the specifiers that were blanked."""
    before = blanked[: item.begin]
    macros = source[len(before.rstrip()) : item.begin]
    begin = item.begin - len(re.split(rb"\n[ \t]*\n", macros)[-1].lstrip())
    return replace(item, begin=begin)


def _walk(
    node: Node, prefix: str, begin: int | None, internal: bool = False
) -> Iterator[Definition]:
    """Yield what is defined below `node`; a template that contains it started at `begin`."""
    for child in node.children:
        first = child.start_byte if begin is None else begin
        if child.type == "function_definition":
            yield from (replace(f, internal=internal) for f in _function(child, prefix, first))
        elif child.type == "namespace_definition":
            name = child.child_by_field_name("name")
            inner = prefix if name is None else f"{prefix}{_text(name)}::"
            body = child.child_by_field_name("body")
            if body is not None:
                yield from _walk(body, inner, None, internal or name is None)
        elif child.type in _SCOPES:
            name, body = child.child_by_field_name("name"), child.child_by_field_name("body")
            if name is not None and body is not None:
                full = prefix + _without_arguments(_text(name))
                yield Definition(full, first, child.end_byte, None, internal=internal)
                yield from _walk(body, f"{full}::", None, internal)
        elif child.type in _TRANSPARENT:
            inside = child.type in {"template_declaration", "declaration", "field_declaration"}
            yield from _walk(child, prefix, first if inside else None, internal)


def _function(node: Node, prefix: str, begin: int) -> Iterator[Definition]:
    # With a macro that is not understood, a class may look like a function's type.
    declarator = node.child_by_field_name("declarator")
    body = node.child_by_field_name("body")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator") or next(
            (child for child in declarator.named_children if "declarator" in child.type), None
        )
    if (
        declarator is None
        or body is None
        or body.type not in {"compound_statement", "try_statement"}
    ):
        return
    name = declarator.child_by_field_name("declarator")
    parameters = declarator.child_by_field_name("parameters")
    if name is None or parameters is None:
        return
    declared = [child for child in parameters.named_children if "parameter" in child.type]
    yield Definition(
        prefix + _without_arguments(_text(name)),
        begin,
        node.end_byte,
        (body.start_byte, body.end_byte),
        tuple(_type_of(child) for child in declared),
        tuple(filter(None, map(_name_of, declared))),
    )


def _name_node(parameter: Node) -> Node | None:
    node = parameter.child_by_field_name("declarator")
    while node is not None and node.type != "identifier":
        if node.type in {"abstract_function_declarator", "abstract_pointer_declarator"}:
            return None
        node = node.child_by_field_name("declarator") or next(
            (c for c in node.named_children if c.type == "identifier" or "declarator" in c.type),
            None,
        )
    return node


def _name_of(parameter: Node) -> str | None:
    node = _name_node(parameter)
    if node is None:
        return None
    return _text(node) + ("..." if "variadic" in parameter.type else "")


def _type_of(parameter: Node) -> str:
    """Return the text of a parameter without its name and default value."""
    node, source = _name_node(parameter), parameter.text or b""
    default = parameter.child_by_field_name("default_value")
    if default is not None:
        source = source[: default.start_byte - parameter.start_byte].rstrip().removesuffix(b"=")
    if node is not None:
        begin, end = (p - parameter.start_byte for p in (node.start_byte, node.end_byte))
        source = source[:begin] + source[end:]
    return _squeeze(source.decode())


def _text(node: Node) -> str:
    return _squeeze((node.text or b"").decode())


def _squeeze(text: str) -> str:
    """Return the text without the spaces that mean nothing."""
    return re.sub(r"(?<=\W) | (?=\W)", "", " ".join(text.split()))


def _without_arguments(name: str) -> str:
    """Return a name without the arguments of its templates: `A<T>::b` is `A::b`."""
    operator = name.find("operator")
    head, tail = (name, "") if operator < 0 else (name[:operator], name[operator:])
    while (shorter := re.sub(r"<[^<>]*>", "", head)) != head:
        head = shorter
    return head + tail
