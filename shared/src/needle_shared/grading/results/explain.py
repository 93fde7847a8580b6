"""Everything that is known about one check of one submission, for a teacher."""

from __future__ import annotations

import difflib
import shlex

from needle_shared.grading.results.model import CheckResult, Result
from needle_shared.grading.results.sanitise import sanitised
from needle_shared.grading.results.shown import points_text, public_names, short_name

_LOG_LINES = 20


class UnknownCheckError(LookupError):
    """A result has no check of a name, or several."""


def explain(result: Result, check_id: str, submission: str = "SUBMISSION") -> str:
    """Return what the teacher may want to know about a check: also what the student does not see.

    `check_id` is the whole id, the id without the file, or the name that the student sees, such as
    "hidden check 3 of forward". `submission` is the path that the command to repeat it names.
    """
    result = sanitised(result)
    check = find_check(result, check_id)
    names = public_names(result)
    title = next((q.title for q in result.questions if q.id == check.question), check.question)
    points = f"{points_text(check.earned)} of {points_text(check.points)} points"
    lines = [
        f"{check.id}",
        f"  student    {result.student}",
        f"  question   {title} ({check.question})",
        f"  status     {check.status}, {points}",
    ]
    if check.hidden:
        lines.append(f'  hidden     the student sees "{names[check.id]}" and whether it passed')
    lines += [f"  time       {check.seconds:.2f} s", ""]
    lines += _section("Message to the student", "" if check.hidden else check.message)
    lines += _section("For the teacher", check.detail)
    lines += _section("Notes", "\n".join(result.notes))
    lines += _section("End of what the submission printed", _end(result.log))
    lines += _section("Record", "\n".join(f"{k}: {v}" for k, v in result.record.items()))
    lines += _section("To repeat it", _command(result, submission))
    return "\n".join(lines).rstrip() + "\n"


def find_check(result: Result, name: str) -> CheckResult:
    """Return the check of a name; raise UnknownCheckError where none or several have it."""
    public = public_names(result)
    same = [check for check in result.checks if check.id == name]
    same = same or [c for c in result.checks if name in (short_name(c.id), public[c.id])]
    if len(same) == 1:
        return same[0]
    if same:
        raise UnknownCheckError(f"{name!r} may be any of {[check.id for check in same]}")
    known = [name for c in result.checks for name in (c.id, short_name(c.id), public[c.id])]
    close = difflib.get_close_matches(name, dict.fromkeys(known), n=3, cutoff=0.4)
    hint = f"; near it: {', '.join(close)}" if close else ""
    raise UnknownCheckError(f"the result of {result.student!r} has no check {name!r}{hint}")


def _section(title: str, text: str) -> list[str]:
    if not text:
        return []
    return [title, *(f"  {line}" for line in text.splitlines()), ""]


def _end(log: str) -> str:
    return "\n".join(log.splitlines()[-_LOG_LINES:])


def _command(result: Result, submission: str) -> str:
    words = ["needle-grade", "run", result.stage, submission]
    if "seed" in result.record:
        words += ["--seed", str(result.record["seed"])]
    if result.earlier != "reference":
        words += ["--earlier", result.earlier]
    return shlex.join(words)
