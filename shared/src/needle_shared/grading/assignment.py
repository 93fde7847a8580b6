"""What a student implements in a stage, as `hwN/assignment.toml` lists it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "assignment.toml"
PAGE = "ASSIGNMENT.md"  # of what is handed out; the repository has none


class AssignmentError(ValueError):
    """An assignment.toml says something that it must not."""


@dataclass(frozen=True)
class Symbol:
    """A function, method or class that a student writes.

    `file` is relative to the stage's folder, with slashes; `name` is qualified by the classes or,
    in C++, the namespaces and classes that it is in: "MatMul.gradient", "needle::cpu::matmul".
    """

    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.file}::{self.name}"

    @property
    def is_python(self) -> bool:
        """Whether the symbol is in a Python file, not in C++ or CUDA."""
        return self.file.endswith(".py")


@dataclass(frozen=True)
class Question:
    """A part of the assignment; checks name it by `id`."""

    id: str
    title: str
    symbols: tuple[Symbol, ...]


@dataclass(frozen=True)
class Native:
    """The C++ extension of a stage: `module` is its name in the package, such as "_cpu"."""

    module: str


@dataclass(frozen=True)
class Assignment:
    """A stage as it is handed out and graded.

    Of a submission, `files` are taken, which hold `symbols`, and those that match a pattern of
    `new_files` and are not files of the stage; paths are relative to the stage's `folder`.
    `earlier` names the stages whose version by the student may be used instead of the reference.
    """

    stage: str
    package: str
    title: str
    folder: Path
    questions: tuple[Question, ...]
    earlier: tuple[str, ...] = ()
    new_files: tuple[str, ...] = ()
    native: Native | None = None
    symbols: tuple[Symbol, ...] = field(init=False)
    files: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        symbols = tuple(symbol for question in self.questions for symbol in question.symbols)
        object.__setattr__(self, "symbols", symbols)
        object.__setattr__(self, "files", tuple(dict.fromkeys(s.file for s in symbols)))


def read_assignment(folder: Path) -> Assignment:
    """Return what `folder/assignment.toml` says; raise AssignmentError where it is wrong."""
    path = folder / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssignmentError(f"{folder} is no stage: it has no {FILE}") from None
    except tomllib.TOMLDecodeError as error:
        raise AssignmentError(f"{path}: {error}") from None
    known = {"stage", "package", "title", "earlier", "new_files", "native", "questions"}
    if unknown := sorted(set(data) - known):
        raise AssignmentError(f"{path}: unknown keys {unknown}")
    questions = tuple(_question(path, item) for item in data.get("questions", []))
    if repeated := _repeated([question.id for question in questions]):
        raise AssignmentError(f"{path}: the question {repeated!r} stands there twice")
    if repeated := _repeated([str(s) for question in questions for s in question.symbols]):
        raise AssignmentError(f"{path}: the symbol {repeated!r} stands there twice")
    native = data.get("native")
    return Assignment(
        stage=_text(path, data, "stage"),
        package=_text(path, data, "package"),
        title=_text(path, data, "title"),
        folder=folder,
        questions=questions,
        earlier=tuple(data.get("earlier", [])),
        new_files=tuple(data.get("new_files", [])),
        native=None if native is None else Native(module=_text(path, native, "module")),
    )


def _question(path: Path, item: dict[str, Any]) -> Question:
    symbols = []
    for text in item.get("symbols", []):
        match = re.fullmatch(r"([\w./-]+\.(?:py|cpp|h|inl|cu))::(\S.*)", text)
        if match is None or ".." in match[1] or match[1].startswith("/"):
            raise AssignmentError(f"{path}: symbol {text!r} is not of the form FILE::NAME")
        symbols.append(Symbol(match[1], match[2]))
    return Question(_text(path, item, "id"), _text(path, item, "title"), tuple(symbols))


def _text(path: Path, table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise AssignmentError(f"{path}: {key} must be a text, got {value!r}")
    return value


def _repeated(names: list[str]) -> str | None:
    return next((name for i, name in enumerate(names) if name in names[:i]), None)
