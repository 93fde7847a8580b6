"""`needle-grade run`: grades submissions."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psutil

from needle_shared.grading.artefacts import write_class, write_student
from needle_shared.grading.batch import Batch, Graded, Item
from needle_shared.grading.catalogue import CatalogueError
from needle_shared.grading.commands.options import (
    INFRASTRUCTURE,
    INVALID,
    STOPPED,
    cache_folder,
    check_stage,
    fail,
    repository_of,
    root_option,
    stage_argument,
)
from needle_shared.grading.commands.out import check_apart, check_stored, make_folder
from needle_shared.grading.commands.progress import counted, progress
from needle_shared.grading.commands.works import find_works, listed, one_work
from needle_shared.grading.grade import Earlier, Grader, Rules
from needle_shared.grading.native.compiling import BuildLimits
from needle_shared.grading.reference import ReferenceFailedError, run_reference
from needle_shared.grading.results.gradescope import write_gradescope
from needle_shared.grading.results.terminal import make_console, show
from needle_shared.grading.run_checks import SHORTEST
from needle_shared.grading.runtime import MissingPackageError
from needle_shared.grading.sandbox.find import find_sandbox
from needle_shared.grading.sandbox.interface import NoSandboxError, SandboxError
from needle_shared.grading.sandbox.stoppable import Stoppable, stopped_by_signals
from needle_shared.grading.session import LIMITS, StartError
from needle_shared.grading.setup import Setup
from needle_shared.grading.skeletons import Skeletons
from needle_shared.grading.submission.search import Work


@click.command("run")
@stage_argument
@click.argument("submissions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for results; otherwise grades/STAGE, with --only grades/STAGE-only.",
)
@click.option(
    "--roster",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV with a column student, and if wanted name, email, file: missing ones become rows.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all inputs.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="At once.")
@click.option("--only", metavar="REGEX", help="Run only checks whose name it is found in.")
@click.option(
    "--earlier",
    type=click.Choice(["reference", "own", "both"]),
    default="reference",
    show_default=True,
    help="Whose earlier stages are imported.",
)
@click.option(
    "--sandbox",
    "tier",
    type=click.Choice(["auto", "A", "B", "C", "none"]),
    default="auto",
    show_default=True,
    help="The isolation. `none` runs the submission with your rights.",
)
@click.option(
    "--gradescope",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write Gradescope's results.json of the one submission to this file.",
)
@click.option(
    "--check-seconds",
    type=click.FloatRange(0.1),
    default=SHORTEST,
    show_default=True,
    help="A check has so long, or ten times as long as the reference takes here.",
)
@click.option(
    "--build-seconds",
    type=click.FloatRange(1),
    default=BuildLimits().seconds,
    show_default=True,
    help="The C++ of a submission may take so long to compile.",
)
@click.option("--again", is_flag=True, help="Grade what has a result already, too.")
@root_option
def command(
    stage: str,
    submissions: tuple[Path, ...],
    out: Path | None,
    roster: Path | None,
    seed: int,
    jobs: int,
    only: str | None,
    earlier: Earlier,
    tier: str,
    gradescope: Path | None,
    check_seconds: float,
    build_seconds: float,
    again: bool,
    root: Path | None,
) -> None:
    """Grade SUBMISSIONS of STAGE: folders, zip or tar.gz files, or folders of them.

    Exit codes: 0 graded, whatever the marks; 2 wrong usage; 3 a single submission that cannot be
    graded; 4 the machine failed, 130 it was stopped: run it again, what is graded is kept.
    """
    repository = repository_of(root)
    check_stage(repository, stage)
    only = only or None
    _check_pattern(only)
    out = out or Path("grades") / (f"{stage}-only" if only else stage)
    if gradescope is None:
        works = find_works(repository.assignment(stage), submissions, roster)
    else:
        works = one_work(submissions)
    check_apart(out, submissions, repository.root)
    make_folder(out)
    check_stored(out, stage, seed, only, () if again else [work.name for work in works])
    with _failures(stage, out):
        sandbox = Stoppable(find_sandbox(tier))
        with stopped_by_signals(sandbox), Setup(repository, stage, sandbox) as setup:
            reference = run_reference(setup, seed)
            skeletons = Skeletons(sandbox, cache_folder(), BuildLimits(build_seconds))
            rules = Rules(seed, earlier, only, check_seconds, build_seconds)
            grader = Grader(setup, reference, skeletons, rules)
            if not grader.chosen():
                raise click.UsageError(f"--only {only}: no check of {stage} has this in its name")
            done = _grade(grader, works, out, _fitting(jobs), again, sandbox)
        results = [graded.result for graded in done]
        questions = [question.id for question in repository.assignment(stage).questions]
        students = None if roster is None else listed(works)
        numbers = write_class(results, students, questions, out, stage=stage, only=only)
        if gradescope is not None:
            for result in results:
                write_gradescope(result, gradescope)
    if len(works) > 1:
        click.echo(counted(done, numbers))
        click.echo(f"summary: {out / 'summary.html'}")
    else:
        for result in results:
            show(result, make_console())
    click.echo(f"results: {out}")
    states = [result.status for result in results]
    if "infra_error" in states:
        sys.exit(INFRASTRUCTURE)
    if len(works) == 1 and states == ["invalid"]:
        sys.exit(INVALID)


@contextmanager
def _failures(stage: str, out: Path) -> Iterator[None]:
    """End with a message and an exit code where the machine fails, or somebody stops it."""
    try:
        yield
    except KeyboardInterrupt:
        fail(f"stopped; finished results are in {out}: run it again for the others", STOPPED)
    except (NoSandboxError, MissingPackageError, SandboxError, StartError) as error:
        fail(str(error), INFRASTRUCTURE)
    except (CatalogueError, ReferenceFailedError) as error:
        fail(f"the checks of {stage} are not sound: {error}", INFRASTRUCTURE)
    except OSError as error:
        fail(f"{error}; what is graded is kept: run it again", INFRASTRUCTURE)


def _check_pattern(only: str | None) -> None:
    try:
        re.compile(only or "")
    except re.error as error:
        raise click.UsageError(f"--only {only}: {error}") from None


def _fitting(jobs: int) -> int:
    """Return how many of `jobs` have the memory that they may use."""
    most = max(1, int(psutil.virtual_memory().available // LIMITS.memory))
    if most < jobs:
        click.echo(f"the free memory is enough for {most} jobs, not {jobs}", err=True)
    return min(jobs, most)


def _grade(
    grader: Grader, works: list[Work], out: Path, jobs: int, again: bool, sandbox: Stoppable
) -> list[Graded]:
    """Grade, show progress, and return the results."""
    done: list[Graded] = []
    items = [Item(work.name, work.path) for work in works if work.path is not None]
    batch = Batch(grader, out, sandbox.stopped)
    with progress(len(items)) as advance:
        for graded in batch.run(items, jobs, lambda result: write_student(result, out), again):
            done.append(graded)
            advance(graded)
    return done
