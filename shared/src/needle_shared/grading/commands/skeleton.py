"""`needle-grade skeleton`: what is handed out to students."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from needle_shared.grading.commands.options import (
    check_stage,
    repository_of,
    root_option,
    stage_argument,
)
from needle_shared.grading.listing import points_of_questions
from needle_shared.grading.skeleton.handout import write_skeleton


@click.command("skeleton")
@stage_argument
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--zip",
    "as_zip",
    is_flag=True,
    help="OUT is an archive, the same in every run; so it is if its name ends with .zip.",
)
@click.option(
    "--earlier",
    type=click.Choice(["skeleton", "reference"]),
    default="skeleton",
    show_default=True,
    help="How earlier stages are in it: to be carried in by the student, or solved.",
)
@root_option
def command(
    stage: str,
    out: Path,
    as_zip: bool,
    earlier: Literal["skeleton", "reference"],
    root: Path | None,
) -> None:
    """Write the workspace of STAGE for students to OUT: a new folder, or an archive.

    The symbols of the assignment are stubs in it, and hidden checks are not there.
    """
    repository = repository_of(root)
    check_stage(repository, stage)
    as_zip = as_zip or out.suffix.lower() == ".zip"
    points = points_of_questions(repository.assignment(stage))
    try:
        write_skeleton(repository.root, stage, out, zip=as_zip, earlier=earlier, points=points)
    except FileExistsError as error:
        raise click.UsageError(f"{out} is there already") from error
    click.echo(f"{out}: hand this out; `python3 noxfile.py -s {stage}` in it runs the checks")
