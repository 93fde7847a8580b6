"""Grades with the reference's earlier stages and with the student's own, and says what differs."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from needle_shared.grading.grade import Grader
from needle_shared.grading.results.model import Compared, Result
from needle_shared.grading.skeleton.extract import definition, kind_of, with_definition
from needle_shared.grading.skeleton.files import reference_files
from needle_shared.grading.submission.intake import Submission

_SECONDS = 30.0  # to put one definition in the place of another


def grade_both(grader: Grader, submission: Submission, slot: int = 0) -> Result:
    """Return the result with the reference's earlier stages, and the other mark beside it.

    The causes are the symbols of earlier stages which, taken from the reference one at a time, let
    a check pass that only passes with the reference.
    """
    result = grader.with_rules(earlier="reference").grade(submission, slot)
    own = grader.with_rules(earlier="own").grade(submission, slot)
    lost = {check.id for check in own.checks if check.status != "passed"}
    lost &= {check.id for check in result.checks if check.status == "passed"}
    causes = tuple(_causes(grader, submission, lost, slot)) if lost else ()
    compared = Compared("own", own.earned, causes)
    return replace(result, earlier="both", compared=compared)


def _causes(grader: Grader, submission: Submission, lost: set[str], slot: int) -> Iterator[str]:
    only = "|".join(f"^{re.escape(check)}$" for check in sorted(lost))
    trial = grader.with_rules(earlier="own", only=only)
    for stage, name, files in _repaired(grader, submission):
        earlier = {**submission.earlier, stage: files}
        result = trial.grade(replace(submission, earlier=earlier), slot)
        if any(check.status == "passed" for check in result.checks):
            yield f"{stage}: {name}"


def _repaired(
    grader: Grader, submission: Submission
) -> Iterator[tuple[str, str, Mapping[str, bytes]]]:
    """Yield an earlier stage with one symbol of the reference in it: stage, symbol, files."""
    for stage in grader.setup.assignment.earlier:
        own = submission.earlier.get(stage)
        if not own:
            continue
        assignment = grader.setup.repository.assignment(stage)
        reference = reference_files(assignment)
        for symbol in assignment.symbols:
            file, name = symbol.file, symbol.name
            if file not in own or own[file] == reference[file]:
                continue
            text = _exchanged(own[file], reference[file], name, file)
            if text is None:
                yield stage, f"{file}", {**own, file: reference[file]}
            elif text != own[file]:
                yield stage, str(symbol), {**own, file: text}


def _exchanged(own: bytes, reference: bytes, name: str, file: str) -> bytes | None:
    """Return a student's source with the reference's definition of a symbol; None if that fails.

    In a process of its own: a source can be made to crash a parser.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_exchange, own, reference, name, file).result(_SECONDS)
        except (BrokenProcessPool, TimeoutError, ValueError, LookupError, UnicodeDecodeError):
            return None


def _exchange(own: bytes, reference: bytes, name: str, file: str) -> bytes:
    kind = kind_of(file)
    text = definition(reference.decode(), name, kind)
    return with_definition(own.decode(), name, text, kind).encode()
