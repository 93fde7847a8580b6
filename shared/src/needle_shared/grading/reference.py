"""The expected values: what the reference records in the same sandbox with the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from needle_shared.grading.catalogue import Check, catalogue
from needle_shared.grading.outcome import Outcome
from needle_shared.grading.session import Job, Session, StartError
from needle_shared.grading.setup import KINDS, Kind, Setup

REFERENCE_SECONDS = 60.0  # for one check


class ReferenceFailedError(RuntimeError):
    """The reference does not pass its own checks."""


@dataclass(frozen=True)
class Reference:
    """The checks of a stage, and what the reference recorded in each that this machine can run."""

    checks: tuple[Check, ...]
    outcomes: Mapping[str, Outcome]

    def of_kind(self, kind: Kind) -> list[Check]:
        """Return the checks that can be run, visible or hidden."""
        return [c for c in self.checks if c.hidden == (kind == "hidden") and c.id in self.outcomes]

    @property
    def seconds(self) -> float:
        """How long the reference took for all checks."""
        return sum(outcome.seconds for outcome in self.outcomes.values())


def run_reference(setup: Setup, seed: int, has: frozenset[str] = frozenset()) -> Reference:
    """Return what the reference records; checks that need what is not in `has` are not run."""
    with ThreadPoolExecutor(len(KINDS)) as pool:
        found = list(pool.map(lambda kind: _try_kind(setup, seed, kind, has), KINDS))
    listed = [entry for entries, _ in found for entry in entries]
    outcomes = {name: outcome for _, part in found for name, outcome in part.items()}
    return Reference(catalogue(setup.assignment, listed), outcomes)


def _try_kind(
    setup: Setup, seed: int, kind: Kind, has: frozenset[str]
) -> tuple[list[dict[str, Any]], dict[str, Outcome]]:
    """Run the checks of a kind; once more if that fails, as machines do."""
    try:
        return _run_kind(setup, seed, kind, has)
    except (ReferenceFailedError, StartError):
        return _run_kind(setup, seed, kind, has)


def _run_kind(
    setup: Setup, seed: int, kind: Kind, has: frozenset[str]
) -> tuple[list[dict[str, Any]], dict[str, Outcome]]:
    if not any((setup.folder / kind).rglob("test_*.py")):
        return [], {}
    with Session(setup.sandbox, reference_job(setup, seed, kind, KINDS.index(kind))) as session:
        entries = session.listed
        outcomes = {}
        for entry in entries:
            if entry.get("needs") and entry["needs"] not in has:
                continue
            outcome = session.run(entry["check"], REFERENCE_SECONDS)
            if outcome.status != "ok":
                raise ReferenceFailedError(
                    f"the reference fails its own check {entry['check']}: "
                    f"{outcome.status}, {outcome.message}\n{outcome.detail}"
                )
            outcomes[entry["check"]] = outcome
        return entries, outcomes


def reference_job(setup: Setup, seed: int, kind: Kind, slot: int) -> Job:
    """Return the sandbox of the reference."""
    return Job(
        package=setup.assignment.package,
        seed=seed,
        binds=setup.binds_for(kind, setup.reference),
        slot=slot,
    )
