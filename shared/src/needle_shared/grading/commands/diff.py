"""`needle-grade diff`: what changed between two gradings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from needle_shared.grading.results.diff import diff_document, diff_folders, show_diff
from needle_shared.grading.results.reading import ResultError
from needle_shared.grading.results.terminal import make_console


@click.command("diff")
@click.argument("old", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For other programs.")
def command(old: Path, new: Path, as_json: bool) -> None:
    """Compare the results in two folders: of a student, or of a class.

    The exit code is 1 if a check changed.
    """
    try:
        changes = diff_folders(old, new)
    except (OSError, ResultError) as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(diff_document(changes), indent=2))
    else:
        show_diff(changes, make_console())
    sys.exit(1 if changes else 0)
