"""Runs the checks on a variant of the reference, until one of them notices it."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Generator, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from needle_shared.grading.assembly import SOURCES, write_package
from needle_shared.grading.catalogue import Check
from needle_shared.grading.lint.forked import ForkedSession, binds_of_driver
from needle_shared.grading.native.build import Built
from needle_shared.grading.reference import Reference
from needle_shared.grading.runtime import extension_file, module_of
from needle_shared.grading.scoring import judged
from needle_shared.grading.session import Job, StartError, UnusableError
from needle_shared.grading.setup import KINDS, Kind, Package, Setup
from needle_shared.grading.skeletons import Skeletons

_SHORTEST, _MULTIPLE = 3.0, 10.0  # seconds for a check, and of the reference's time
_ATTEMPTS = 4  # to start a sandbox: much is lost with it
_LIVE_TIERS = {"A", "B"}  # where a change of what is bound is always seen

Files = Mapping[str, bytes]


class Trials:
    """Runs variants of a stage's files against one recording of the reference.

    Each thread has a sandbox of its own for visible and for hidden checks, in which it tries one
    variant after the other. A context: the sandboxes are closed at the end.
    """

    def __init__(self, setup: Setup, skeletons: Skeletons, reference: Reference, seed: int) -> None:
        self.reference = reference
        self.assignment = setup.assignment
        self._setup, self._skeletons, self._seed = setup, skeletons, seed
        self._mine = threading.local()
        self._places: list[_Place] = []
        self._lock = threading.Lock()

    def checks(self, first: str | None = None, *, only: bool = False) -> list[Check]:
        """Return the checks, those of a question first or alone."""
        runnable = [c for c in self.reference.checks if c.id in self.reference.outcomes]
        own = [check for check in runnable if check.question == first]
        return own if only else own + [check for check in runnable if check.question != first]

    def loses(self, files: Files, checks: Iterable[Check]) -> str | None:
        """Return why a variant first loses points, or None if it loses none."""
        with contextlib.closing(self.losses(files, checks)) as losses:
            for check, lost, why in losses:
                if lost:
                    return f"{check.id}: {why}"
        return None

    def score(
        self, files: Files, checks: Iterable[Check] | None = None
    ) -> tuple[Fraction, list[str]]:
        """Return the points that a variant earns in checks or all, and those that it passes."""
        earned, passed = Fraction(0), []
        for check, lost, _ in self.losses(files, checks):
            earned += check.points - lost
            if lost < check.points:
                passed.append(check.id)
        return earned, passed

    def compile_error(self, files: Files) -> str:
        """Return the compiler's first error, or "" if a variant compiles or is Python alone."""
        extension = self._extension(files, self._place().number)
        return extension if isinstance(extension, str) else ""

    def losses(
        self, files: Files, checks: Iterable[Check] | None = None
    ) -> Generator[tuple[Check, Fraction, str], None, None]:
        """Yield each of `checks`, or of all, with the points that are lost, and why."""
        place = self._place()
        unusable = ""
        extension = self._extension(files, place.number)
        if isinstance(extension, str):
            unusable = extension
        else:
            place.put(files, extension)
        try:
            for check in self.checks() if checks is None else checks:
                lost, why = check.points, unusable
                if not unusable:
                    try:
                        lost, why = self._lost(check, place)
                    except UnusableError as error:
                        unusable = why = f"{error.status} {error.message}"
                yield check, lost, why
        finally:
            place.leave()

    def _place(self) -> _Place:
        """Return the place of this thread."""
        if not hasattr(self._mine, "place"):
            with self._lock:
                self._mine.place = _Place(self._setup, self._seed, len(self._places))
                self._places.append(self._mine.place)
        place: _Place = self._mine.place
        return place

    def _extension(self, files: Files, slot: int) -> Path | str | None:
        """Return the built extension of a variant, or the compiler's first error."""
        assignment = self._setup.assignment
        if assignment.native is None:
            return None
        folder = assignment.folder
        native = [name for name in assignment.files if not name.endswith(".py")]
        if all(files[name] == (folder / name).read_bytes() for name in native):
            return module_of(assignment.package, assignment.native.module)
        built: Built = self._skeletons.build(assignment, files, slot)
        return built.errors[0] if built.errors else built.module

    def _lost(self, check: Check, place: _Place) -> tuple[Fraction, str]:
        expected = self.reference.outcomes[check.id]
        seconds = max(_SHORTEST, _MULTIPLE * expected.seconds)
        session = place.session("hidden" if check.hidden else "visible")
        result = judged(check, session.run(check.id, seconds, expected), expected)
        return check.points - result.earned, f"{result.status} {result.message}"

    def close(self) -> None:
        """End the sandboxes."""
        for place in self._places:
            place.close()

    def __enter__(self) -> Trials:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Place:
    """A folder with the files of one variant, and the sandboxes that see it."""

    def __init__(self, setup: Setup, seed: int, number: int) -> None:
        self.number = number
        self._setup, self._seed = setup, seed
        self._folder = setup.folder / "trials" / f"{seed}-{number}"
        self._files: dict[str, bytes] = {}
        self._extension: Path | None = None
        self._sessions: dict[Kind, ForkedSession] = {}
        self._entered: set[Kind] = set()

    def put(self, files: Files, extension: Path | None) -> None:
        """Write a variant over the one before: into the same files, as those are bound."""
        assignment = self._setup.assignment
        if not self._files:
            write_package(assignment, files, extension, self._folder)
        elif extension != self._extension and extension and assignment.native:
            name = extension_file(assignment.native.module)
            shutil.copyfile(extension, self._folder / assignment.package / name)
        for name, content in files.items():
            if name.startswith(SOURCES) and self._files.get(name, content) != content:
                (self._folder / name.removeprefix(SOURCES)).write_bytes(content)
        self._files, self._extension = dict(files), extension

    def session(self, kind: Kind) -> ForkedSession:
        """Return the sandbox for a kind of checks, with the variant imported.

        Raise UnusableError if it cannot be imported.
        """
        session = self._sessions.get(kind)
        if session is None or session.ended:
            self._entered.discard(kind)
            session = self._sessions[kind] = self._start(kind)
        if kind not in self._entered:
            session.enter()
            self._entered.add(kind)
        return session

    def _start(self, kind: Kind) -> ForkedSession:
        setup = self._setup
        package = Package(setup.assignment.package, self._folder)
        job = Job(
            package=package.name,
            seed=self._seed,
            binds=(*setup.binds_for(kind, package), *binds_of_driver()),
            slot=len(KINDS) * self.number + KINDS.index(kind),
        )
        for _ in range(_ATTEMPTS - 1):  # machines are busy at times
            with contextlib.suppress(StartError):
                return ForkedSession(setup.sandbox, job)
        return ForkedSession(setup.sandbox, job)

    def leave(self) -> None:
        """End what imported the variant."""
        for kind in self._entered:
            self._sessions[kind].leave()
            if self._setup.sandbox.tier not in _LIVE_TIERS:
                self._sessions[kind].close()
        self._entered.clear()

    def close(self) -> None:
        """End the sandboxes."""
        for session in self._sessions.values():
            session.close()
