"""Entries: what a folder or an archive says that it holds, under names that are safe to use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["file", "folder", "link", "special"]

_LONGEST_PART = 255  # bytes, as on most file systems
_LONGEST_NAME = 1024
_DEEPEST = 64
_SHOWN = 120


@dataclass(frozen=True)
class Entry:
    """One name in a submission.

    `parts` is the name, split at the slashes and safe, or empty where `problem` says why it is not
    used; `shown` is safe to print. `index` is its place in its source.
    """

    index: int
    kind: Kind
    parts: tuple[str, ...]
    shown: str
    problem: str = ""

    @property
    def path(self) -> str:
        """The name with slashes."""
        return "/".join(self.parts)


class Source(Protocol):
    """A folder or an archive."""

    def entries(self) -> Iterator[Entry]:
        """Yield what is in it, in its order."""
        ...

    def contents(self, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield the bytes of files among `entries`, in any order."""
        ...


def entry(index: int, kind: Kind, name: str, *, backslashes: bool) -> Entry:
    """Return the entry of a name as a source has it.

    Tools on Windows separate with backslashes in archives, so `backslashes` makes slashes of them.
    """
    shown = printable(name)
    if backslashes:
        name = name.replace("\\", "/")
    name = unicodedata.normalize("NFC", name)
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    problem = _problem(name, parts)
    return Entry(index, kind, () if problem else parts, shown, problem)


def _problem(name: str, parts: tuple[str, ...]) -> str:
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "its name is absolute"
    if ".." in parts:
        return "its name leads out of the submission"
    if not name.isprintable() or "\\" in name:
        return "its name has characters that no source file has"
    sizes = [len(part.encode()) for part in parts]
    if max(sizes, default=0) > _LONGEST_PART or sum(sizes) + len(sizes) > _LONGEST_NAME:
        return "its name is too long"
    if len(parts) > _DEEPEST:
        return "it lies too deep"
    return ""


def printable(text: str, longest: int = _SHOWN) -> str:
    """Return `text` for one line of a terminal or a file: short, the unprintable escaped."""
    clean = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: longest + 1])
    return clean if len(clean) <= longest else f"{clean[:longest]}..."
