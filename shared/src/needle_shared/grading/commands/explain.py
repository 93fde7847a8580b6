"""`needle-grade explain`: all that is known of one check."""

from __future__ import annotations

from pathlib import Path

import click

from needle_shared.grading.results.explain import UnknownCheckError, explain
from needle_shared.grading.results.reading import ResultError
from needle_shared.grading.results.serialize import read_result


@click.command("explain")
@click.argument("result", type=click.Path(exists=True, path_type=Path))
@click.argument("check")
def command(result: Path, check: str) -> None:
    """Show all that is known of CHECK in RESULT, a result.json or its folder. For teachers.

    CHECK is the name as in `points`, or as the student sees it: "hidden check 3 of forward".
    """
    path = result / "result.json" if result.is_dir() else result
    try:
        click.echo(explain(read_result(path), check), nl=False)
    except (OSError, ResultError, UnknownCheckError) as error:
        raise click.UsageError(str(error)) from None
