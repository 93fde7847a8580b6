"""`needle-grade carry`: takes what a student wrote to the next stage."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from needle_shared.grading.assignment import AssignmentError
from needle_shared.grading.commands.options import repository_of, root_option
from needle_shared.grading.skeleton.carry import carry


@click.command("carry")
@click.argument("earlier", metavar="STAGE")
@click.argument("later", metavar="NEXT_STAGE")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="The workspace.")
@root_option
def command(earlier: str, later: str, directory: Path, out: Path | None, root: Path | None) -> None:
    """Put what was written for STAGE in DIRECTORY into the workspace of NEXT_STAGE.

    That is a new folder beside DIRECTORY, or --out, where stubs are filled in and nothing else is
    touched. The exit code is 1 if something is in conflict: it is listed, and was not written.
    """
    try:
        report = carry(repository_of(root).root, earlier, later, directory, out)
    except (AssignmentError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from None
    for title, names in (
        ("carried", report.carried),
        ("added", report.added),
        ("not written yet", report.stubs),
        ("in conflict", report.conflicts),
    ):
        click.echo(f"{title}: {len(names)}")
        for name in names if title != "carried" else ():
            click.echo(f"    {name}")
    sys.exit(1 if report.conflicts else 0)
