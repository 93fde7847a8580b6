"""Finds in the output of a build what a student has to know."""

from __future__ import annotations

import re

_FIRST = 3
_LONGEST = 500  # characters of a message: one of a template may fill pages
# file:line:column: error: text, as g++ and clang print it.
_ERROR = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:\d+:)? (?:fatal )?error: .*", re.MULTILINE
)
# Errors without a place: of the assembler, the linker, the compiler itself.
_OTHER = re.compile(
    r"^.*(?:Error: |undefined reference to|multiple definition of|internal compiler error|out of"
    r" memory allocating|virtual memory exhausted|Killed|[Cc]annot allocate memory).*",
    re.MULTILINE,
)
_OBJECT = re.compile(r"^FAILED: \S*?CMakeFiles/[^/\s]+\.dir/(\S+?)\.o(?:bj)?\b", re.MULTILINE)


def first_errors(log: str, sources: str) -> tuple[str, ...]:
    """Return the first three errors of a build, as the compiler printed them, one line each.

    `sources` is the folder of the sources, which is cut off from the names of files.
    """
    log = log.replace(f"{sources}/", "")
    found = [match[0] for match in _ERROR.finditer(log)]
    found = found or [match[0] for match in _OTHER.finditer(log)]
    return tuple(_short(line) for line in list(dict.fromkeys(found))[:_FIRST])


def failed_files(log: str, sources: str) -> tuple[str, ...]:
    """Return the names of the sources that have errors, and of those whose compilation failed."""
    log = log.replace(f"{sources}/", "")
    names = [match["file"] for match in _ERROR.finditer(log)]
    names += [match[1] for match in _OBJECT.finditer(log)]
    return tuple(sorted(set(names)))


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
