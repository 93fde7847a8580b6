"""The files of results: one folder for each student, and those of the class."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from needle_shared.grading.results.classroom import ClassCount, count, join
from needle_shared.grading.results.gradebook import write_gradebook
from needle_shared.grading.results.gradescope import write_gradescope
from needle_shared.grading.results.html import write_feedback, write_summary
from needle_shared.grading.results.junit import write_junit
from needle_shared.grading.results.model import Result
from needle_shared.grading.results.reading import ResultError
from needle_shared.grading.results.roster import Roster
from needle_shared.grading.results.serialize import read_result, write_result
from needle_shared.grading.results.text import clean


def write_student(result: Result, out: Path) -> None:
    """Write all files of a student. `result.json` is the last: where it is, the others are.

    A failure of the machine is no result: it never takes the place of one.
    """
    folder = out / result.student
    if result.status == "infra_error" and (folder / "result.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_feedback(result, folder / "feedback.html")
    write_gradescope(result, folder / "results.json")
    write_junit(result, folder / "junit.xml")
    (folder / "log.txt").write_text(clean(result.log), encoding="utf-8")  # for terminals
    write_result(result, folder / "result.json")


def write_class(
    results: Iterable[Result],
    roster: Roster | None,
    questions: Iterable[str],
    out: Path,
    *,
    stage: str,
    only: str | None = None,
) -> ClassCount:
    """Write the gradebook and the summary of a class, and return its numbers.

    They are made of the results that stand: where the machine failed, that is the earlier one, if
    there is one; and those that `out` has of other students count, too, if they are of the same
    stage and choice of checks.
    """
    results = [_standing(result, out) for result in results]
    names = {result.student for result in results}
    for other in stored_results(out)[0]:
        if other.student not in names and (other.stage, other.record.get("only")) == (stage, only):
            results.append(replace(other, message=_before(other.message)))
    write_gradebook(results, out / "gradebook.csv", roster, list(questions))
    write_summary(results, out / "summary.html", roster)
    return count(join(results, roster))


def stored_results(out: Path) -> tuple[list[Result], list[str]]:
    """Return the results in a folder, and why others there cannot be read."""
    found, unreadable = [], []
    for path in sorted(out.glob("*/result.json")):
        try:
            result = read_result(path)
        except (OSError, ResultError) as error:
            unreadable.append(f"{path} cannot be read: {error}")
            continue
        if result.student == path.parent.name:  # and no copy of another folder
            found.append(result)
    return found, unreadable


def _before(message: str) -> str:
    told = "not in this run: an earlier result"
    return f"{told}: {message}" if message else told


def _standing(result: Result, out: Path) -> Result:
    if result.status == "infra_error":
        with suppress(OSError, ResultError):
            earlier = read_result(out / result.student / "result.json")
            if earlier.status == "graded":
                why = f"an earlier result, as grading failed now: {result.message}"
                return replace(earlier, message=why)
    return result
