"""Takes the bodies of functions out of a C++ or CUDA source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from needle_shared.grading.skeleton.cpp_tree import Definition, definitions, find

_INCLUDE = b"#include <stdexcept>"
_COLUMNS = 90


def stub(source: str, names: Iterable[str], stage: str) -> str:
    """Return `source` where each named function throws std::runtime_error("hw3: needle::matmul").

    All overloads of a name are stubbed, or that of `name(type, type)`; of a class all methods that
    `source` defines. The list of initialisers of a constructor remains. What runs on a GPU traps,
    as nothing can be thrown there; a constexpr function becomes an inline one, as one that always
    throws is no constant. `#include <stdexcept>` is added where it is missing. Raises SymbolError
    for a name that is not there.
    """
    data = source.encode()
    everything = definitions(data)
    wanted: dict[int, tuple[Definition, str]] = {}
    for name in names:
        for item in find(data, name):
            for function in functions_of(item, everything):
                wanted[function.begin] = function, name if function is item else function.name
    throws = False
    for begin, (function, name) in sorted(wanted.items(), reverse=True):
        if function.body is None:
            continue  # no definition: there is nothing to take out
        head = data[begin : function.body[0]]
        lines, include = _stub_lines(function, head, f"{stage}: {name}")
        throws |= include
        indent = " " * (begin - data.rfind(b"\n", 0, begin) - 1)
        text = "".join(f"{line}\n" if line[0] == "#" else f"{indent}  {line}\n" for line in lines)
        body = f"{{\n{text}{indent}}}".encode()
        data = data[:begin] + _without_constexpr(head) + body + data[function.body[1] :]
    return (_with_include(data) if throws else data).decode()


def functions_of(item: Definition, everything: list[Definition]) -> list[Definition]:
    """Return the functions that a symbol means: itself, or all methods of a class."""
    if not item.is_class:
        return [item]
    return [f for f in everything if not f.is_class and f.name.startswith(f"{item.name}::")]


def _stub_lines(function: Definition, head: bytes, message: str) -> tuple[list[str], bool]:
    """Return the lines of the new body, and whether they throw."""
    throw = f'throw std::runtime_error("{message}");'
    if re.search(rb"\bnoexcept\b(?!\s*\(\s*false)", head) or "~" in function.name:
        throw = f"[] {{ {throw} }}(); __builtin_unreachable();"  # ends the process, saying why
    trap = f"__trap();  // {message}"
    unused = _unused(function.parameters)
    if b"__global__" in head:
        return [*unused, trap], False
    if b"__host__" in head or b"NEEDLE_FUNCTION" in head:
        device = ["#ifdef __CUDA_ARCH__", trap, "__builtin_unreachable();"]
        return [*unused, *device, "#else", throw, "#endif"], True
    if b"__device__" in head:
        return [*unused, trap, "__builtin_unreachable();"], False
    return [*unused, throw], True


def _unused(parameters: tuple[str, ...]) -> list[str]:
    """Return lines that use the parameters: compilers warn about those that nothing uses."""
    lines: list[str] = []
    for name in parameters:
        use = f"((void){name[:-3]}, ...);" if name.endswith("...") else f"(void){name};"
        if lines and len(lines[-1]) + len(use) < _COLUMNS:
            lines[-1] += f" {use}"
        else:
            lines.append(use)
    return lines


def _without_constexpr(head: bytes) -> bytes:
    word = b"" if re.search(rb"\binline\b", head) else b"inline "
    return re.sub(rb"\bconst(?:expr|eval)\s+", word, head, count=1)


def _with_include(data: bytes) -> bytes:
    """Return the source with <stdexcept>, among the headers of the standard library."""
    depth, at, kind = 0, 0, ""  # `at`: where it goes; `kind`: after which kind of line that is
    position = 0
    for line in data.splitlines(keepends=True):
        begin, position = position, position + len(line)
        if re.match(rb"\s*#\s*if", line):
            depth += 1
        elif re.match(rb"\s*#\s*endif", line):
            depth -= 1
        elif line.startswith(_INCLUDE):
            return data
        elif depth == 0 and line.startswith(b"#pragma once"):
            at, kind = position, "pragma"
        elif depth == 0 and (match := re.match(rb"#include <([a-z_]+)>", line)):
            if match[1] > b"stdexcept":
                return data[:begin] + _INCLUDE + b"\n" + data[begin:]
            at, kind = position, "system"
        elif depth == 0 and kind not in {"system", "own"} and line.startswith(b'#include "'):
            at, kind = begin, "own"
    if kind == "system":
        return data[:at] + _INCLUDE + b"\n" + data[at:]
    before = b"\n" if kind == "pragma" else b""
    return data[:at] + before + _INCLUDE + b"\n\n" + data[at:].removeprefix(before)
