"""Runs the checks on a variant of the reference, until one of them notices it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

from needle_shared.grading.assembly import write_package
from needle_shared.grading.catalogue import Check
from needle_shared.grading.native.build import Built
from needle_shared.grading.reference import Reference, run_reference
from needle_shared.grading.runtime import module_of
from needle_shared.grading.scoring import judged
from needle_shared.grading.session import BrokenError, Job, Session, UnusableError
from needle_shared.grading.setup import Kind, Package, Setup
from needle_shared.grading.skeletons import Skeletons

_SHORTEST, _MULTIPLE = 3.0, 10.0  # seconds for a check, and of the reference's time


class Trials:
    """Runs variants of a stage's files against one recording of the reference."""

    def __init__(self, setup: Setup, skeletons: Skeletons, seed: int, has: frozenset[str]) -> None:
        self.setup = setup
        self.seed = seed
        self.reference: Reference = run_reference(setup, seed, has)
        self._skeletons = skeletons

    def checks(self, first: str | None = None, *, only: bool = False) -> list[Check]:
        """Return the checks, those of a question first or alone."""
        runnable = [c for c in self.reference.checks if c.id in self.reference.outcomes]
        own = [check for check in runnable if check.question == first]
        return own if only else own + [check for check in runnable if check.question != first]

    def loses(self, files: Mapping[str, bytes], checks: Iterable[Check]) -> str | None:
        """Return why a variant first loses points, or None if it loses none."""
        for check, lost, why in self._losses(files, checks):
            if lost:
                return f"{check.id}: {why}"
        return None

    def score(self, files: Mapping[str, bytes]) -> tuple[Fraction, list[str]]:
        """Return the points that a variant earns, and the checks that it passes."""
        earned, passed = Fraction(0), []
        for check, lost, _ in self._losses(files, self.checks()):
            earned += check.points - lost
            if lost < check.points:
                passed.append(check.id)
        return earned, passed

    def _losses(
        self, files: Mapping[str, bytes], checks: Iterable[Check]
    ) -> Iterable[tuple[Check, Fraction, str]]:
        """Yield each check with the points that are lost, and why."""
        checks = list(checks)
        folder = self.setup.folder / "trials" / str(threading.get_ident())
        try:
            package = self._package(files, folder)
            if isinstance(package, str):
                for check in checks:
                    yield check, check.points, package
                return
            sessions: dict[Kind, Session] = {}
            try:
                for check in checks:
                    lost, why = self._lost(check, package, sessions)
                    yield check, lost, why
            finally:
                for session in sessions.values():
                    session.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _package(self, files: Mapping[str, bytes], folder: Path) -> Package | str:
        """Return a variant as a package, or the compiler's first error."""
        assignment = self.setup.assignment
        extension: Path | None = None
        if assignment.native is not None:
            if self._is_native(files):
                built: Built = self._skeletons.build(assignment, files)
                if built.errors:
                    return built.errors[0]
                extension = built.module
            else:
                extension = module_of(assignment.package, assignment.native.module)
        return write_package(assignment, files, extension, folder)

    def _is_native(self, files: Mapping[str, bytes]) -> bool:
        """Return whether a file differs from the reference's that is compiled."""
        folder = self.setup.assignment.folder
        native = [name for name in self.setup.assignment.files if not name.endswith(".py")]
        return any(files[name] != (folder / name).read_bytes() for name in native)

    def _lost(
        self, check: Check, package: Package, sessions: dict[Kind, Session]
    ) -> tuple[Fraction, str]:
        kind: Kind = "hidden" if check.hidden else "visible"
        if kind not in sessions or sessions[kind].ended:
            job = Job(
                package=self.setup.assignment.package,
                seed=self.seed,
                binds=self.setup.binds_for(kind, package),
                slot=threading.get_ident() % 1000,
            )
            try:
                sessions[kind] = Session(self.setup.sandbox, job)
            except (UnusableError, BrokenError) as error:
                return check.points, f"{type(error).__name__}: {error}"
        expected = self.reference.outcomes[check.id]
        seconds = max(_SHORTEST, _MULTIPLE * expected.seconds)
        result = judged(check, sessions[kind].run(check.id, seconds, expected), expected)
        return check.points - result.earned, f"{result.status} {result.message}"
