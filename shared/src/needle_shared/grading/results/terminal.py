"""A result as a table in a terminal, or as plain text in a pipe."""

from __future__ import annotations

from typing import TextIO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from needle_shared.grading.results.merged import merged
from needle_shared.grading.results.model import Result
from needle_shared.grading.results.sanitise import sanitised
from needle_shared.grading.results.shown import (
    Shown,
    ShownCheck,
    Tone,
    points_text,
    public_names,
    shown,
)

STYLES: dict[Tone, str] = {"good": "green", "part": "yellow", "bad": "red", "wait": "cyan"}
_HEADLINES = {
    "invalid": "This submission cannot be graded.",
    "infra_error": "Grading failed. That is no fault of the submission, and no mark.",
}


def make_console(file: TextIO | None = None, *, color: bool | None = None) -> Console:
    """Return a console; without `color`, rich looks whether `file` is a terminal."""
    if color is False:
        return Console(file=file, color_system=None, force_terminal=False, no_color=True)
    return Console(file=file, force_terminal=color or None)


def show(result: Result, console: Console, *, teacher: bool = False) -> None:
    """Write the points of each question, and of each failing check what is wrong.

    For a `teacher`, hidden checks have their name, and the isolation and notes are told, too.
    """
    view = shown(result)
    write = _Writer(console)
    write.line("")
    write.line(f"{view.stage}: {view.title}", "bold")
    write.line(view.student)
    if view.status != "graded":
        write.line(_HEADLINES.get(view.status, view.status), "bold red")
    if view.message:
        write.line(view.message)
    if view.checks:
        write.points(view)
        write.failures(view)
    if view.compared:
        write.line(view.compared)
    for note in view.notes:
        write.line(f"Note: {note}", "yellow")
    if teacher:
        write.hidden(result)


class _Writer:
    """Writes to a console only text that rich does not read for its own marks."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def text(self, text: str, style: str = "") -> Text:
        encoding = self.console.encoding
        return Text(text.encode(encoding, "backslashreplace").decode(encoding), style=style)

    def line(self, text: str, style: str = "", indent: int = 0) -> None:
        self.console.print(Padding(self.text(text, style), (0, 0, 0, indent), expand=False))

    def points(self, view: Shown) -> None:
        table = Table(box=box.SIMPLE_HEAD, show_footer=True, pad_edge=False)
        table.add_column("question", self.text("total", "bold"))
        passed = sum(question.passed for question in view.questions)
        table.add_column("passed", f"{passed}/{len(view.checks)}", justify="right")
        total = Text(f"{points_text(view.earned)} of {points_text(view.points)}", style="bold")
        table.add_column("points", total, justify="right")
        for question in view.questions:
            table.add_row(
                self.text(question.title),
                f"{question.passed}/{len(question.checks)}",
                f"{points_text(question.earned)} of {points_text(question.points)}",
                style=STYLES[question.tone],
            )
        self.console.print(table)
        if view.pending:
            self.line(f"{points_text(view.pending)} points are pending.", STYLES["wait"])

    def failures(self, view: Shown) -> None:
        for question in view.questions:
            lost = merged(check for check in question.checks if check.tone != "good")
            if lost:
                self.line(question.title, "bold")
            for i, check in enumerate(lost):
                self.failure(check)
                # The parameters of a function share a command: it stands below the last of them.
                if check.command and check.command not in [c.command for c in lost[i + 1 :]]:
                    self.line(check.command, "dim", indent=4)
            if lost:
                self.line("")
        for advice in dict.fromkeys(q.advice for q in view.questions if q.advice):
            self.line(advice)
            self.line("")

    def failure(self, check: ShownCheck) -> None:
        head = self.text(f"{check.word}  ", STYLES[check.tone])
        head.append_text(self.text(check.name, "bold"))
        points = f"  {points_text(check.earned)} of {points_text(check.points)}"
        head.append(points, style="dim")
        self.console.print(Padding(head, (0, 0, 0, 2), expand=False))
        if check.message:
            self.line(check.message, indent=4)

    def hidden(self, result: Result) -> None:
        result = sanitised(result)
        names = public_names(result)
        self.line(f"For the teacher: isolation {result.isolation}, earlier stages {result.earlier}")
        for check in result.checks:
            if check.hidden and check.status != "passed":
                self.line(f"{names[check.id]}: {check.status}", STYLES["bad"], indent=2)
                self.line(check.id, indent=4)
                self.line(check.detail.partition("\n")[0], indent=4)
