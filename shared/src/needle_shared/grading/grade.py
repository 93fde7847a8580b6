"""Grades one submission."""

from __future__ import annotations

import contextlib
import copy
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from needle_shared.grading.assembly import Files, overlay, write_package
from needle_shared.grading.assignment import Assignment
from needle_shared.grading.catalogue import Check
from needle_shared.grading.gate import Gate
from needle_shared.grading.native.build import Built
from needle_shared.grading.native.compiling import BuildLimits
from needle_shared.grading.reference import Reference, reference_job
from needle_shared.grading.results.model import CheckResult, Result
from needle_shared.grading.run_checks import (
    NOT_RUN,
    SHORTEST,
    Clock,
    Ran,
    run_checks,
    total,
    weight,
)
from needle_shared.grading.scoring import judged, questions_of
from needle_shared.grading.session import BrokenError, Job, UnusableError
from needle_shared.grading.setup import KINDS, Kind, Package, Setup
from needle_shared.grading.skeletons import Skeletons
from needle_shared.grading.submission.intake import Submission

Earlier = Literal["reference", "own", "both"]
_ROUNDS = 3  # of replacing files that do not compile
_IMPORT = 2.0  # times the seconds of a check
Part = tuple[Kind, bool]  # the second: of checks of C++ alone
PARTS: tuple[Part, ...] = tuple((kind, native) for kind in KINDS for native in (False, True))


@dataclass(frozen=True)
class Rules:
    """How all submissions of a run are graded."""

    seed: int
    earlier: Earlier = "reference"
    only: str | None = None  # a regular expression for the names of checks
    check_seconds: float = SHORTEST
    build_seconds: float = BuildLimits().seconds


class Grader:
    """Grades submissions of one stage by one reference. Many threads may use it at once."""

    def __init__(
        self, setup: Setup, reference: Reference, skeletons: Skeletons, rules: Rules
    ) -> None:
        self.setup = setup
        self.reference = reference
        self.skeletons = skeletons
        self.rules = rules
        self.gate = Gate()
        self.record = {**setup.record(), "seed": rules.seed, "earlier": rules.earlier}
        self.record |= {"check_seconds": rules.check_seconds}
        self.record |= {"build_seconds": rules.build_seconds}
        self.record |= {"sandbox": setup.sandbox.describe()}

    def chosen(self) -> list[Check]:
        """Return the checks that are run."""
        pattern = re.compile(self.rules.only or "")
        return [check for check in self.reference.checks if pattern.search(check.id)]

    def grade(self, submission: Submission, slot: int = 0) -> Result:
        """Return the result of a submission. Raise StartError if the sandbox does not start."""
        return _Work(self, submission, slot).result()

    def with_rules(self, **changes: Any) -> Grader:
        """Return a grader with other rules, which shares all else."""
        other = copy.copy(self)
        other.rules = replace(self.rules, **changes)
        other.record = {**self.record, "earlier": other.rules.earlier}
        return other

    def empty(self, student: str, status: Literal["invalid", "infra_error"], why: str) -> Result:
        """Return the result of what could not be graded."""
        assignment = self.setup.assignment
        return Result(
            student=student,
            stage=assignment.stage,
            title=assignment.title,
            status=status,
            isolation=self.setup.sandbox.tier,
            message=why,
            earlier=self.rules.earlier,
            record=self.record,
        )


class _Work:
    """The grading of one submission."""

    def __init__(self, grader: Grader, submission: Submission, slot: int) -> None:
        self.grader = grader
        self.setup = grader.setup
        self.assignment: Assignment = grader.setup.assignment
        self.submission = submission
        self.slot = 2 * slot  # and the next one is that of the reference, where it runs beside
        self.folder = self.setup.folder / "jobs" / str(slot)
        self.clock: Clock = total(grader.reference, grader.rules.check_seconds)
        self.notes: list[str] = []
        self.broken: dict[str, dict[str, str]] = {}  # of each stage
        self.native = {  # questions without Python
            question.id
            for question in self.assignment.questions
            if not any(symbol.is_python for symbol in question.symbols)
        }

    def result(self) -> Result:
        """Run the checks, and add up."""
        started = time.monotonic()
        try:
            files, ran = self._run()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        checks = tuple(
            self._check(check, ran[self._part(check)], files) for check in self.grader.chosen()
        )
        self.notes.extend(_unrun(checks))
        return Result(
            student=self.submission.name,
            stage=self.assignment.stage,
            title=self.assignment.title,
            status="graded",
            isolation=self.setup.sandbox.tier,
            checks=checks,
            questions=questions_of(self.assignment, checks),
            notes=tuple(dict.fromkeys(self.notes)),
            taken=files.taken,
            ignored=tuple(self.submission.ignored),
            earlier=self.grader.rules.earlier,
            record={**self.grader.record, "submission": self.submission.hash},
            timing={"seconds": time.monotonic() - started},
            log="\n".join(log for part in ran.values() for log in part.logs if log)[-65536:],
        )

    def _part(self, check: Check) -> Part:
        """Return which sandbox a check runs in.

        Checks of what is written in C++ alone meet the skeleton's Python files, not the student's:
        they could put NumPy's functions in the place of the extension's.
        """
        return kind_of(check), check.question in self.native

    def _run(self) -> tuple[Files, dict[Part, Ran]]:
        """Assemble and run, again without files that do not compile."""
        broken = self._broken(self.assignment.stage)
        for _ in range(_ROUNDS):
            files, *packages = self._assemble(self.assignment, self.submission.files)
            try:
                ran = self._run_parts(packages, self._earlier(), files)
            except BrokenError as error:
                why = {f"src/{name}": _not_compiled(why) for name, why in error.files.items()}
                broken.update(why)
                continue
            usable = all(part.unusable is None for part in ran.values())
            if usable or not files.native_sources:
                return files, ran
            return self._without_native(files, _why_unusable(ran)) or (files, ran)
        files = replace(files, replaced={**files.replaced, **broken})
        unusable = UnusableError("protocol", "the package does not compile")
        return files, {part: Ran(unusable=unusable) for part in PARTS}

    def _without_native(self, files: Files, why: str) -> tuple[Files, dict[Part, Ran]] | None:
        """Run with the skeleton's C++: a program that cannot be loaded takes no Python with it.

        Return None if that does not help either.
        """
        before = dict(self._broken(self.assignment.stage)), list(self.notes)
        self._broken(self.assignment.stage).update(dict.fromkeys(files.native_sources, why))
        files, *packages = self._assemble(self.assignment, self.submission.files)
        with contextlib.suppress(BrokenError):
            ran = self._run_parts(packages, self._earlier(), files)
            if not any(part.unusable for part in ran.values()):
                return files, ran
        self.broken[self.assignment.stage], self.notes = before
        return None

    def _run_parts(
        self, packages: list[Package], earlier: list[Package], files: Files
    ) -> dict[Part, Ran]:
        ran: dict[Part, Ran] = {}
        grader = self.grader
        parts = {part: self._checks(part) for part in PARTS}
        weights = {part: weight(parts[part], grader.reference) for part in PARTS if parts[part]}
        for part, checks in parts.items():
            kind, native = part
            package = packages[native]
            job = Job(
                package=self.assignment.package,
                seed=self.grader.rules.seed,
                binds=self.setup.binds_for(kind, package, earlier),
                sources=() if native else files.python_sources,
                slot=self.slot,
                import_seconds=_IMPORT * self.grader.rules.check_seconds,
            )
            rival = reference_job(self.setup, self.grader.rules.seed, kind, self.slot + 1)
            before = [ran[other].unusable for other in ran if other[1] == native]
            unusable = next((error for error in before if error is not None), None)
            if not checks or unusable:  # what cannot be imported once is not tried again
                ran[part] = Ran(unusable=unusable)
                continue
            share = weights[part] / sum(weights[p] for p in weights if p not in ran)
            with self.clock.share(share) as clock:
                ran[part] = run_checks(
                    self.setup.sandbox, job, checks, grader.reference, clock, grader.gate, rival
                )
        return ran

    def _checks(self, part: Part) -> list[Check]:
        """Return the checks to run in a sandbox."""
        chosen = {check.id for check in self.grader.chosen()}
        runnable = self.grader.reference.of_kind(part[0])
        return [c for c in runnable if c.id in chosen and self._part(c) == part]

    def _broken(self, stage: str) -> dict[str, str]:
        return self.broken.setdefault(stage, {})

    def _assemble(
        self, assignment: Assignment, submitted: Mapping[str, bytes]
    ) -> tuple[Files, Package, Package]:
        """Return a stage's files with the student's in their places, as a package.

        The last package has only the extension of them.
        """
        stage = assignment.stage
        skeleton = self.grader.skeletons.files(assignment)
        files = overlay(assignment, skeleton, submitted, self._broken(stage))
        extension: Path | None = None
        if assignment.native is not None:
            built = self._build(assignment, files)
            if built.errors:
                self.notes.extend(f"{stage}: the C++ does not compile: {e}" for e in built.errors)
                self._broken(stage).update(_at_fault(files, built))
                files = overlay(assignment, skeleton, submitted, self._broken(stage))
                built = self._build(assignment, files)
            extension = built.module
        self.notes.extend(f"{stage}: {name} {why}" for name, why in files.replaced.items())
        folder = self.folder / stage
        package = write_package(assignment, files.files, extension, folder)
        if not self.native or assignment is not self.assignment:
            return files, package, package
        folder = self.folder / f"{stage}-native"
        return files, package, write_package(assignment, skeleton, extension, folder)

    def _build(self, assignment: Assignment, files: Files) -> Built:
        """Build the extension; alone, if that took too long beside others."""
        gate, build = self.grader.gate, self.grader.skeletons.build
        with gate.shared():
            built = build(assignment, files.files, self.slot)
        if built.late:
            with gate.alone():
                built = build(assignment, files.files, self.slot)
        return built

    def _earlier(self) -> list[Package]:
        """Return the earlier stages: the reference's, or the student's where they handed one in."""
        packages = []
        for stage in self.setup.earlier_stages:
            own = self.submission.earlier.get(stage, {})
            if self.grader.rules.earlier == "own" and stage in self.assignment.earlier and own:
                assignment = self.setup.repository.assignment(stage)
                packages.append(self._assemble(assignment, own)[1])
            else:
                packages.append(self.setup.references[stage])
        return packages

    def _check(self, check: Check, ran: Ran, files: Files) -> CheckResult:
        """Return the result of a check."""
        nothing = CheckResult(
            id=check.id,
            question=check.question,
            hidden=check.hidden,
            points=check.points,
            earned=Fraction(0),
            status="not_run",
        )
        expected = self.grader.reference.outcomes.get(check.id)
        if expected is None:
            return replace(nothing, status="pending", message=_pending(check))
        if ran.unusable is not None:
            error = ran.unusable
            status = "error" if error.status == "ok" else error.status
            message = "" if check.hidden else error.message
            return replace(nothing, status=status, message=message, detail=error.detail)
        outcome = ran.outcomes.get(check.id)
        if outcome is None:
            if check.hidden:
                return replace(nothing, detail=NOT_RUN)
            return replace(nothing, message=NOT_RUN)
        result = judged(check, outcome, expected)
        if result.status == "error" and (why := self._replaced(outcome.message, files)):
            return replace(result, status="not_found", message="" if check.hidden else why)
        return result

    def _replaced(self, message: str, files: Files) -> str:
        """Return why a symbol of the skeleton was met, if its file is the skeleton's."""
        found = re.search(rf"{self.assignment.stage}: ([\w:.~]+)", message)
        for symbol in self.assignment.symbols if found else ():
            if found and symbol.name == found[1] and symbol.file in files.replaced:
                return f"{symbol.file} {files.replaced[symbol.file]}"
        return ""


def kind_of(check: Check) -> Kind:
    """Return which sandbox a check runs in."""
    return "hidden" if check.hidden else "visible"


def _why_unusable(ran: Mapping[Part, Ran]) -> str:
    """Return why a package cannot be loaded, for the student: of hidden checks nothing is told."""
    for (kind, _), part in ran.items():
        if kind == "visible" and part.unusable is not None:
            return f"cannot be loaded: {part.unusable.message}"
    return "cannot be loaded"


def _unrun(checks: Iterable[CheckResult]) -> list[str]:
    """Return that checks were not run, for the student: of the hidden ones not how many."""
    hidden = [check.hidden for check in checks if check.status == "not_run"]
    if not hidden:
        return []
    visible = hidden.count(False)
    what = [f"{visible} check{'' if visible == 1 else 's'}"] if visible else []
    if any(hidden):
        what.append("some hidden ones" if visible else "some hidden checks")
    verb = "was" if hidden == [False] else "were"
    return [f"{' and '.join(what)} {verb} {NOT_RUN}, as others took too long"]


def _at_fault(files: Files, built: Built) -> dict[str, str]:
    """Return the student's sources that have errors, or if that is not known all C++ of theirs."""
    native = files.native_sources
    known = [name for name in native if name in built.failed]
    return dict.fromkeys(known or native, _not_compiled("see the compiler's errors"))


def _not_compiled(why: str) -> str:
    return f"does not compile: {why}"


def _pending(check: Check) -> str:
    return f"needs {check.needs}, which the sandbox does not have: neither earned nor lost"
