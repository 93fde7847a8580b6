"""The variants of a stage that its checks must notice: stubs, mutants, trivial submissions."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from needle_shared.grading.assignment import Assignment, Question, Symbol
from needle_shared.grading.lint.mutants import mutants
from needle_shared.grading.lint.native_mutants import native_mutants
from needle_shared.grading.lint.trivial import BODIES, with_bodies, without_effect
from needle_shared.grading.skeleton.files import with_stubs
from needle_shared.grading.skeleton.stubs import stub

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Variant:
    """The reference with a fault; `question` is that of the symbol."""

    name: str
    question: str
    files: Files


def stubbed(
    assignment: Assignment, reference: Files, questions: Iterable[Question]
) -> Iterator[Variant]:
    """Yield the reference with one symbol after the other of some questions as a stub."""
    for question in questions:
        for symbol in question.symbols:
            text = reference[symbol.file].decode()
            changed = stub(symbol.file, text, [symbol.name], assignment.stage).encode()
            yield Variant(str(symbol), question.id, {**reference, symbol.file: changed})


def mutated(
    questions: Iterable[Question], reference: Files, most: int | None, most_native: int
) -> list[Variant]:
    """Return mutants of the symbols of questions: at most so many in Python, and in C++.

    Fewer than all are drawn at random, always the same ones, from each symbol in turn.
    """
    tried = list(questions)
    python = _drawn(_of_all(tried, reference, native=False), most)
    return python + _drawn(_of_all(tried, reference, native=True), most_native)


def _of_all(
    questions: Iterable[Question], reference: Files, *, native: bool
) -> list[list[Variant]]:
    found = []
    for question in questions:
        for symbol in question.symbols:
            if symbol.is_python == native:
                continue
            text = reference[symbol.file].decode()
            found.append(
                [
                    Variant(
                        f"{symbol}, {fault}",
                        question.id,
                        {**reference, symbol.file: source.encode()},
                    )
                    for fault, source in _faults(symbol, text)
                ]
            )
    return found


def _faults(symbol: Symbol, text: str) -> Iterator[tuple[str, str]]:
    if symbol.is_python:
        yield from ((mutant.fault, mutant.source) for mutant in mutants(text, symbol.name))
    else:
        yield from native_mutants(text, symbol.name)


def _drawn(groups: list[list[Variant]], most: int | None) -> list[Variant]:
    """Return all variants, or `most` of them: one of each group, then a second one, and so on."""
    generator = random.Random(0)
    for group in groups:
        generator.shuffle(group)
    rounds = max(map(len, groups), default=0)
    mixed = [group[i] for i in range(rounds) for group in groups if i < len(group)]
    return mixed if most is None else mixed[:most]


def trivial(assignment: Assignment, reference: Files) -> Iterator[Variant]:
    """Yield submissions in which all Python symbols return the same thing; C++ stays stubs."""
    skeleton = with_stubs(assignment, dict(reference))
    for name, body in BODIES.items():
        files = dict(skeleton)
        for file in assignment.files:
            names = [s.name for s in assignment.symbols if s.file == file and s.is_python]
            if names:
                files[file] = with_bodies(reference[file].decode(), names, body).encode()
        yield Variant(f"all symbols return {name}", "", files)


def idle(questions: Iterable[Question], reference: Files) -> Iterator[Variant]:
    """Yield, for each question in C++ alone, the reference with its functions without effect."""
    for question in questions:
        files: dict[str, list[str]] = {}
        for symbol in question.symbols:
            files.setdefault(symbol.file, []).append(symbol.name)
        if not any(symbol.is_python for symbol in question.symbols):
            changed = {
                file: without_effect(reference[file].decode(), names).encode()
                for file, names in files.items()
            }
            name = f"{question.id}: functions in C++ do nothing"
            yield Variant(name, question.id, {**reference, **changed})
