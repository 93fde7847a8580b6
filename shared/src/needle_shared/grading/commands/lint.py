"""`needle-grade lint`: checks the checks of a stage."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from needle_shared.grading.catalogue import CatalogueError
from needle_shared.grading.commands.options import (
    INFRASTRUCTURE,
    cache_folder,
    check_stage,
    fail,
    repository_of,
    root_option,
    stage_argument,
)
from needle_shared.grading.lint.lint import Amount, lint
from needle_shared.grading.reference import ReferenceFailedError
from needle_shared.grading.runtime import MissingPackageError
from needle_shared.grading.sandbox.find import find_sandbox
from needle_shared.grading.sandbox.interface import SandboxError
from needle_shared.grading.session import StartError
from needle_shared.grading.setup import Setup
from needle_shared.grading.skeletons import Skeletons


@click.command("lint")
@stage_argument
@click.option("--mutants", type=click.IntRange(0), help="At most so many in Python; else all.")
@click.option("--native-mutants", type=click.IntRange(0), default=10, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="At once.")
@click.option("--verbose", "-v", is_flag=True, help="Show each stub and mutant.")
@root_option
def command(
    stage: str,
    mutants: int | None,
    native_mutants: int,
    jobs: int,
    verbose: bool,
    root: Path | None,
) -> None:
    """Check the checks of STAGE: points, times, what is noticed and what is not.

    The exit code is 1 if a rule is broken.
    """
    repository = repository_of(root)
    check_stage(repository, stage)
    sound = True
    try:
        sandbox = find_sandbox()
        with Setup(repository, stage, sandbox) as setup:
            skeletons = Skeletons(sandbox, cache_folder())
            amount = Amount(mutants, native_mutants, jobs)
            say = click.echo if verbose else lambda _: None
            for finding in lint(setup, skeletons, frozenset(), amount, say):
                sound &= finding.holds
                click.echo(
                    f"{'ok  ' if finding.holds else 'FAIL'} {finding.rule}: {finding.figure}"
                )
                for detail in finding.details:
                    click.echo(f"        {detail}")
    except (
        SandboxError,
        StartError,
        ReferenceFailedError,
        CatalogueError,
        MissingPackageError,
    ) as error:
        fail(str(error), INFRASTRUCTURE)
    sys.exit(0 if sound else 1)
