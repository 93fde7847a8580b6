"""`needle-grade pack-gradescope`: the autograder of a stage."""

from __future__ import annotations

from pathlib import Path

import click

from needle_shared.grading.commands.options import (
    check_stage,
    repository_of,
    root_option,
    stage_argument,
)
from needle_shared.grading.results.pack_gradescope import pack


@click.command("pack-gradescope")
@stage_argument
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all inputs.")
@root_option
def command(stage: str, out: Path, seed: int, root: Path | None) -> None:
    """Write the autograder of STAGE, a zip archive for Gradescope, to OUT."""
    repository = repository_of(root)
    check_stage(repository, stage)
    names = pack(repository.root, stage, out, seed=seed)
    click.echo(f"{out}: {len(names)} files; upload it as the autograder of an assignment")
