"""`needle-grade doctor`: which isolation works here."""

from __future__ import annotations

import sys

import click

from needle_shared.grading.commands.options import INFRASTRUCTURE
from needle_shared.grading.sandbox.find import diagnose


@click.command("doctor")
def command() -> None:
    """Say which isolation works on this machine, and why not a better one."""
    findings = diagnose()
    for finding in findings:
        mark = "works" if finding.works else "does not work"
        click.echo(f"tier {finding.tier}: {mark}. {finding.reason}")
        if finding.remedy and not finding.works:
            click.echo(f"    {finding.remedy}")
    best = next((f.tier for f in findings if f.works and f.tier != "none"), None)
    if best is None:
        click.echo("No isolation works here: nothing is graded, unless with --sandbox none.")
        sys.exit(INFRASTRUCTURE)
    click.echo(f"`needle-grade run` uses tier {best}.")
