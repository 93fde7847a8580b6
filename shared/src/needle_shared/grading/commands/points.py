"""`needle-grade points`: what the checks of a stage are worth."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import click

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.catalogue import TOTAL, Check
from needle_shared.grading.commands.options import (
    check_stage,
    repository_of,
    root_option,
    stage_argument,
)
from needle_shared.grading.listing import list_checks


@click.command("points")
@stage_argument
@click.option("--markdown", is_flag=True, help="The table of the questions, for a README.")
@root_option
def command(stage: str, markdown: bool, root: Path | None) -> None:
    """Show the points of each question and check of STAGE. The exit code is 1 if they are not 100.

    The checks of the repository are imported for it, in this process: they are trusted.
    """
    repository = repository_of(root)
    check_stage(repository, stage)
    assignment = repository.assignment(stage)
    checks = list_checks(assignment)
    click.echo(questions_table(assignment, checks) if markdown else _all(assignment, checks))
    total = sum((check.points for check in checks), Fraction(0))
    if total != TOTAL:
        click.echo(f"The points of {stage} are {text(total)}, not {TOTAL}.", err=True)
        sys.exit(1)


def questions_table(assignment: Assignment, checks: Iterable[Check]) -> str:
    """Return a table in Markdown: the questions, what is written for them, and the points."""
    checks = list(checks)
    lines = ["| question | you write | points |", "|---|---|---:|"]
    for question in assignment.questions:
        own = sum((c.points for c in checks if c.question == question.id), Fraction(0))
        names = ", ".join(f"`{name}`" for name in _names(question.symbols))
        lines.append(f"| {question.title} | {names} | {text(own)} |")
    total = sum((check.points for check in checks), Fraction(0))
    return "\n".join([*lines, f"| | | **{text(total)}** |"])


def _names(symbols: Iterable[object]) -> list[str]:
    return [str(symbol).partition("::")[2] for symbol in symbols]


def _all(assignment: Assignment, checks: Iterable[Check]) -> str:
    """Return a list of all checks."""
    lines = []
    checks = list(checks)
    for question in assignment.questions:
        own = [check for check in checks if check.question == question.id]
        total = sum((check.points for check in own), Fraction(0))
        lines.append(f"{text(total):>7}  {question.id}: {question.title}")
        for check in own:
            needs = f", needs {check.needs}" if check.needs else ""
            hidden = " (hidden)" if check.hidden and not check.id.startswith("hidden/") else ""
            lines.append(f"{text(check.points):>11}  {check.id}{hidden}{needs}")
    return "\n".join(lines)


def text(points: Fraction) -> str:
    """Return points as a number with at most two digits after the point."""
    return f"{float(points):.2f}".rstrip("0").rstrip(".")
