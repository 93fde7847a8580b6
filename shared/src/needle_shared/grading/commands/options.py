"""What the commands have in common: options, the repository, exit codes, errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from needle_shared.grading.assignment import AssignmentError
from needle_shared.grading.repository import Repository, RepositoryError

# 0 is "graded", whatever the marks; 1 is left to faults of this program; 2 is click's own.
USAGE, INVALID, INFRASTRUCTURE, STOPPED = 2, 3, 4, 130

F = TypeVar("F", bound=Callable[..., Any])


def root_option(function: F) -> F:
    """Add the option that names the repository."""
    return click.option(
        "--root",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The repository with the stages; otherwise the one that you are in.",
    )(function)


def repository_of(root: Path | None) -> Repository:
    """Return the repository that was named, or the one around the working directory."""
    try:
        return Repository.around(root or Path.cwd())
    except RepositoryError as error:
        raise click.UsageError(str(error)) from None


def stage_argument(function: F) -> F:
    """Add the argument that names a stage."""
    return click.argument("stage", metavar="STAGE")(function)


def check_stage(repository: Repository, stage: str) -> None:
    """End with a message about usage unless there is such a stage, with a sound assignment."""
    try:
        repository.assignment(stage)
    except (RepositoryError, AssignmentError) as error:
        raise click.UsageError(str(error)) from None


def cache_folder() -> Path:
    """Return the folder for what is kept between runs: builds of C++."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "needle-grade"


def fail(message: str, code: int) -> NoReturn:
    """Say why, and end with a code."""
    click.echo(f"needle-grade: {message}", err=True)
    sys.exit(code)
