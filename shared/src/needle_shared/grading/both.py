"""Grades with the reference's earlier stages and with the student's own, and says what differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.exchange import Exchanger
from needle_shared.grading.grade import Grader
from needle_shared.grading.results.model import Compared, Result
from needle_shared.grading.skeleton.files import reference_files
from needle_shared.grading.submission.intake import Submission


def grade_both(grader: Grader, submission: Submission, slot: int = 0) -> Result:
    """Return the result with the reference's earlier stages, and the other mark beside it.

    The causes are the symbols of earlier stages which, taken from the reference one at a time, let
    a check pass that only passes with the reference; or files, where no symbol alone does it.
    """
    result = grader.with_rules(earlier="reference").grade(submission, slot)
    own = grader.with_rules(earlier="own").grade(submission, slot)
    lost = {check.id for check in own.checks if check.status != "passed"}
    lost &= {check.id for check in result.checks if check.status == "passed"}
    causes = tuple(_Search(grader, submission, lost, slot).causes()) if lost else ()
    compared = Compared("own", own.earned, causes)
    return replace(result, earlier="both", compared=compared)


class _Search:
    """The search for what makes the difference."""

    def __init__(self, grader: Grader, submission: Submission, lost: set[str], slot: int) -> None:
        only = "|".join(f"^{re.escape(check)}$" for check in sorted(lost))
        self._grader = grader
        self._trial = grader.with_rules(earlier="own", only=only)
        self._submission, self._slot = submission, slot

    def causes(self) -> Iterator[str]:
        """Yield symbols and files of earlier stages."""
        with Exchanger() as exchange:
            for stage in self._grader.setup.assignment.earlier:
                own = self._submission.earlier.get(stage)
                if own:
                    assignment = self._grader.setup.repository.assignment(stage)
                    for cause in self._of_stage(assignment, exchange):
                        yield f"{stage}: {cause}"

    def _of_stage(self, assignment: Assignment, exchange: Exchanger) -> Iterator[str]:
        own = self._submission.earlier[assignment.stage]
        reference = reference_files(assignment)
        for file in assignment.files:
            theirs, ours = own.get(file), reference[file]
            if theirs == ours or not self._helps(assignment.stage, file, ours):
                continue
            found = False
            for symbol in assignment.symbols if theirs is not None else ():
                if symbol.file != file or theirs is None:
                    continue
                text = exchange(theirs, ours, symbol.name, file)
                if text not in (None, theirs) and self._helps(assignment.stage, file, text):
                    found = True
                    yield str(symbol)
            if not found:
                yield file

    def _helps(self, stage: str, file: str, content: bytes | None) -> bool:
        """Return whether a check passes with another content of an earlier stage's file."""
        if content is None:
            return False
        earlier = self._submission.earlier
        changed = {**earlier, stage: {**earlier[stage], file: content}}
        result = self._trial.grade(replace(self._submission, earlier=changed), self._slot)
        return any(check.status == "passed" for check in result.checks)
