"""The marks of a class as a table for spreadsheets and course systems."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from needle_shared.atomic import write_atomically
from needle_shared.grading.results.classroom import Entry, join
from needle_shared.grading.results.model import Result
from needle_shared.grading.results.roster import Roster
from needle_shared.grading.results.shown import points_text
from needle_shared.grading.results.text import one_line

_MESSAGE = 300
_NOTE = 120  # the first one, where there is no message
# A cell that begins so is a formula for spreadsheets, the wide forms included; so is what follows
# a separator that this file does not use, where a spreadsheet takes it for one.
_FORMULA = re.compile(r"(^\s*|[;\t]\s*[\"']*)(?=[=+\-@＝＋－＠])")


def gradebook_csv(
    results: Iterable[Result], roster: Roster | None = None, questions: Sequence[str] = ()
) -> str:
    """Return a row per student: those of the roster in its order, then the others by name.

    Columns are student, name, email (if the roster has it), status, total, one per question,
    pending, earlier, isolation, message, which is the first note where there is nothing else to
    say. `questions` come first among their columns, so that these
    do not depend on who handed in. Who is on the roster and handed in nothing is "missing". A total
    is empty where there is no mark: missing, or grading failed.
    """
    entries = join(results, roster)
    ids = dict.fromkeys(
        [*questions, *(q.id for entry in entries if entry.result for q in entry.result.questions)]
    )
    email = ["email"] if roster is not None and roster.has_email else []
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    head = ["student", "name", *email, "status", "total", *ids]
    writer.writerow(map(safe_cell, [*head, "pending", "earlier", "isolation", "message"]))
    for entry in entries:
        writer.writerow(map(safe_cell, _row(entry, ids, with_email=bool(email))))
    return file.getvalue()


def write_gradebook(
    results: Iterable[Result],
    path: Path,
    roster: Roster | None = None,
    questions: Sequence[str] = (),
) -> None:
    """Write the CSV file in UTF-8, with the mark by which Excel knows it: whole, or not at all."""
    write_atomically(path, gradebook_csv(results, roster, questions).encode("utf-8-sig"))


def safe_cell(text: str) -> str:
    """Return a text on one line that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1'", one_line(text, 1000))


def _row(entry: Entry, questions: Iterable[str], *, with_email: bool) -> list[str]:
    student, result = entry.student, entry.result
    head = [student.id, student.name, *([student.email] if with_email else []), entry.status]
    if result is None:
        return [*head, "", *("" for _ in questions), "", "", "", entry.message]
    has_mark = result.status != "infra_error"
    earned = {question.id: points_text(question.earned) for question in result.questions}
    return [
        *head,
        points_text(result.earned) if has_mark else "",
        *(earned.get(id_, "") if has_mark else "" for id_ in questions),
        points_text(result.pending) if has_mark else "",
        result.earlier,
        result.isolation,
        one_line(entry.message, _MESSAGE) or one_line(next(iter(result.notes), ""), _NOTE),
    ]
