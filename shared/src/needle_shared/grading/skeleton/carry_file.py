"""Moves what a student wrote from one version of a file into another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from needle_shared.grading.skeleton import cpp_stubs, python_stubs
from needle_shared.grading.skeleton.errors import SourceError, SymbolError
from needle_shared.grading.skeleton.extract import Kind, definition, kind_of, with_definition
from needle_shared.grading.skeleton.outside import compare_outside, same_code
from needle_shared.grading.skeleton.signature import signature


@dataclass(frozen=True)
class Conflict:
    """Why a symbol, or all of a file if `symbol` is "", was not carried."""

    file: str
    symbol: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}::{self.symbol}" if self.symbol else self.file
        return f"{place}: {self.reason}"


@dataclass(frozen=True)
class FileResult:
    """What became of a file and its symbols."""

    content: bytes
    carried: tuple[str, ...] = ()
    stubs: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def carry_file(
    file: str,
    names: Sequence[str],
    skeleton: bytes,
    target: bytes,
    submitted: bytes | None,
    stage: str,
) -> FileResult:
    """Return `target` with the symbols `names` as they are in `submitted`, where that is possible.

    `skeleton` is what the student began with, as far as it is known.
    """
    path = f"{stage}/{file}"
    if submitted is None:
        return _refused(target, path, "is missing")
    work = _Work(names, kind_of(file), stage, path)
    try:
        return work.carry(skeleton.decode(), target.decode(), submitted.decode())
    except UnicodeDecodeError:
        return _refused(target, path, "is not a text in UTF-8")
    except SourceError as error:
        return _refused(target, path, str(error))
    except RecursionError:
        return _refused(target, path, "is nested too deep")


def _refused(target: bytes, path: str, reason: str) -> FileResult:
    return FileResult(target, conflicts=(Conflict(path, "", reason),))


@dataclass(frozen=True)
class _Work:
    names: Sequence[str]
    kind: Kind
    stage: str
    path: str

    def carry(self, skeleton: str, target: str, submitted: str) -> FileResult:
        solved, stubs, there, conflicts = self._sort(target, submitted)
        if not solved and not conflicts:
            return FileResult(target.encode(), tuple(there), tuple(stubs))
        difference, places = compare_outside(skeleton, submitted, self.names, self.kind)
        if difference == "equal":
            content = target
            for name in solved:
                text = definition(submitted, name, self.kind)
                content = with_definition(content, name, text, self.kind)
            done = [name for name in self.names if name in {*solved, *there}]
            return FileResult(
                content.encode(), tuple(done), tuple(stubs), conflicts=tuple(conflicts)
            )
        if difference == "additions" and not conflicts and not there:
            same = compare_outside(skeleton, target, self.names, self.kind)[0] == "equal"
            if same:
                return FileResult(submitted.encode(), tuple(solved), tuple(stubs), tuple(places))
        verb = "added" if difference == "additions" else "changed"
        reason = f"{', '.join(places)} {verb} beside what the assignment lists: not carried"
        conflicts = [*conflicts, *(Conflict(self.path, name, reason) for name in solved)]
        return FileResult(target.encode(), tuple(there), tuple(stubs), conflicts=tuple(conflicts))

    def _sort(
        self, target: str, submitted: str
    ) -> tuple[list[str], list[str], list[str], list[Conflict]]:
        """Return the names to carry, those of stubs, those that are there, and conflicts."""
        solved: list[str] = []
        stubs: list[str] = []
        there: list[str] = []
        conflicts: list[Conflict] = []
        for name in self.names:
            wanted = definition(target, name, self.kind)
            try:
                got = definition(submitted, name, self.kind)
            except SymbolError as error:
                conflicts.append(Conflict(self.path, name, str(error)))
                continue
            if self._is_stub(submitted, name):
                stubs.append(name)
            elif same_code(wanted, got, self.kind):
                there.append(name)
            elif signature(submitted, name, self.kind) != signature(target, name, self.kind):
                conflicts.append(Conflict(self.path, name, "has another signature"))
            elif not self._is_stub(target, name):
                conflicts.append(Conflict(self.path, name, "is written already, differently"))
            else:
                solved.append(name)
        return solved, stubs, there, conflicts

    def _is_stub(self, source: str, name: str) -> bool:
        language = python_stubs if self.kind == "python" else cpp_stubs
        stubbed = language.stub(source, [name], self.stage)
        return same_code(
            definition(stubbed, name, self.kind), definition(source, name, self.kind), self.kind
        )
