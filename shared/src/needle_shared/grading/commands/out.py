"""The folder for results: what may be written there."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

import click

from needle_shared.grading.artefacts import stored_results


def check_apart(out: Path, submissions: Iterable[Path], root: Path) -> None:
    """Refuse folders in which results, submissions and the reference are taken for each other."""
    place = out.resolve()
    for path in submissions:
        other = path.resolve()
        if other in (root, *root.parents):
            raise click.UsageError(f"{path} holds the reference that it would be graded by")
        if place == other:
            how = "is"
        elif place in other.parents:
            how = "holds"
        elif other in place.parents:
            how = "lies in"
        else:
            continue
        raise click.UsageError(
            f"--out {out}: it {how} {path}, which is to be graded: give another --out"
        )


def make_folder(out: Path) -> None:
    """Make the folder for results; say it before hours of grading if nothing can be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise click.UsageError(f"--out {out}: {error.strerror}") from None


def check_stored(
    out: Path, stage: str, seed: int, only: str | None, replaced: Collection[str]
) -> None:
    """Refuse to put results beside those of other checks, or in the place of others.

    `replaced` are the students whose results would be overwritten without a question.
    """
    stored, unreadable = stored_results(out)
    for why in unreadable:
        click.echo(why, err=True)
    for result in stored:
        if bool(only) != bool(result.record.get("only")):
            held, asked = ("all checks", "--only") if only else ("--only", "all checks")
            raise click.UsageError(
                f"{out} holds results of {held}, and this run is of {asked}: give another --out"
            )
    for result in stored:
        if result.student not in replaced or result.status != "graded":
            continue
        if result.stage != stage:
            raise click.UsageError(
                f"the results in {out} are of {result.stage}: give another --out, or --again"
            )
        other = result.record.get("seed", seed)
        if other != seed:
            raise click.UsageError(
                f"the results in {out} are of seed {other}: give --seed {other}, --again or "
                "another --out"
            )
