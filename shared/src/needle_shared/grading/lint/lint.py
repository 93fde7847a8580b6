"""What `needle-grade lint` finds out about the checks of a stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction

from needle_shared.grading.assignment import Assignment, Question
from needle_shared.grading.catalogue import TOTAL, Check
from needle_shared.grading.compare import difference
from needle_shared.grading.lint.faults import Variant, idle, mutated, stubbed, trivial
from needle_shared.grading.lint.trial import Trials
from needle_shared.grading.reference import Reference, run_reference
from needle_shared.grading.setup import Setup
from needle_shared.grading.skeleton.files import reference_files, skeleton_files
from needle_shared.grading.skeletons import Skeletons

SEEDS = (1, 2, 3)
SLOWEST = 10.0  # seconds of a check
CAUGHT = Fraction(9, 10)  # of the mutants
CONSTANT = Fraction(10)  # points at most of checks whose answers do not depend on the seed
TRIVIAL = Fraction(5)  # points at most of a trivial submission


@dataclass
class Finding:
    """One rule: whether it holds, in figures, and what breaks it."""

    rule: str
    holds: bool
    figure: str
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Amount:
    """How much is tried: mutants in Python (None: all) and in C++, and jobs at once."""

    mutants: int | None = None
    native_mutants: int = 10
    jobs: int = 1


Report = Callable[[str], None]


def lint(
    setup: Setup, skeletons: Skeletons, has: frozenset[str], amount: Amount, report: Report
) -> Iterator[Finding]:
    """Yield the findings, the quick ones first; `report` is told what is being tried."""
    assignment = setup.assignment
    recorded = [run_reference(setup, seed, has) for seed in SEEDS]
    yield _points(recorded[0].checks)
    yield _questions(setup, recorded[0].checks)
    yield _times(recorded)
    yield _constant(recorded)
    reference = reference_files(assignment)
    with (
        Trials(setup, skeletons, recorded[0], SEEDS[0]) as trials,
        ThreadPoolExecutor(amount.jobs) as pool,
    ):
        others = [
            Trials(setup, skeletons, *other) for other in zip(recorded[1:], SEEDS[1:], strict=True)
        ]
        yield _reference([trials, *others], reference)
        yield _skeleton(trials, skeleton_files(assignment))
        yield _trivial(trials, trivial(assignment, reference), pool)
        tried = [q for q in assignment.questions if trials.checks(q.id, only=True)]
        if natives := list(idle(tried, reference)):
            yield _idle(trials, natives, pool)
        yield _stubs(trials, stubbed(assignment, reference, tried), pool, report)
        faults = mutated(tried, reference, amount.mutants, amount.native_mutants)
        yield _mutants(trials, faults, pool, report)
    if (left := _not_tried(recorded[0], assignment, tried)) is not None:
        yield left


def _points(checks: Iterable[Check]) -> Finding:
    total = sum((check.points for check in checks), Fraction(0))
    return Finding(f"the points sum to {TOTAL}", total == TOTAL, str(float(total)))


def _questions(setup: Setup, checks: Iterable[Check]) -> Finding:
    asked = {check.question for check in checks}
    missing = [q.id for q in setup.assignment.questions if q.id not in asked]
    hidden = sum((check.points for check in checks if check.hidden), Fraction(0))
    figure = f"{len(asked)} questions, {float(hidden):g} points hidden"
    return Finding(
        "every question has checks, some hidden", not missing and hidden > 0, figure, missing
    )


def _times(recorded: list[Reference]) -> Finding:
    slowest = max((o.seconds, name) for r in recorded for name, o in r.outcomes.items())
    figure = f"slowest {slowest[0]:.2f} s ({slowest[1]}), all {recorded[0].seconds:.1f} s"
    return Finding(f"every check takes less than {SLOWEST:g} s", slowest[0] < SLOWEST, figure)


def _constant(recorded: list[Reference]) -> Finding:
    """Find checks whose recorded values are equal for all seeds: a constant could be returned."""
    first, *others = recorded
    constant = []
    for check in first.checks:
        outcome = first.outcomes.get(check.id)
        if outcome is None:
            continue
        same = all(
            len(o.outcomes[check.id].records) == len(outcome.records)
            and all(
                difference(a, b) is None
                for a, b in zip(outcome.records, o.outcomes[check.id].records, strict=True)
            )
            for o in others
        )
        if same:
            constant.append(check)
    points = sum((check.points for check in constant), Fraction(0))
    return Finding(
        f"at most {CONSTANT} points for answers that do not depend on the seed",
        points <= CONSTANT,
        f"{float(points):g} points",
        [check.id for check in constant],
    )


def _reference(trials: Iterable[Trials], files: dict[str, bytes]) -> Finding:
    """Grade the reference as a submission, with each seed."""
    scores, details, wanted = [], [], Fraction(0)
    for number, seeded in enumerate(trials):
        lost = [(check, lost, why) for check, lost, why in seeded.losses(files) if lost]
        wanted = sum((check.points for check in seeded.checks()), Fraction(0))
        scores.append(wanted - sum((points for _, points, _ in lost), Fraction(0)))
        details += [f"seed {SEEDS[number]}: {check.id}: {why}" for check, _, why in lost]
        if number:  # the first one is still needed
            seeded.close()
    figure = ", ".join(f"{float(score):g}" for score in scores)
    rule = f"the reference earns all points with {len(scores)} seeds"
    return Finding(rule, not details, f"{figure} of {float(wanted):g}", details)


def _skeleton(trials: Trials, files: dict[str, bytes]) -> Finding:
    score, passed = trials.score(files)
    return Finding("the skeleton earns nothing", score == 0, f"{float(score):g} points", passed)


def _trivial(trials: Trials, variants: Iterable[Variant], pool: Executor) -> Finding:
    tried = list(variants)
    scored = list(pool.map(lambda variant: trials.score(variant.files), tried))
    details = [
        " ".join([f"{variant.name}: {float(score):g}", *passed])
        for variant, (score, passed) in zip(tried, scored, strict=True)
    ]
    most = max((score for score, _ in scored), default=Fraction(0))
    rule = f"trivial submissions earn at most {TRIVIAL} points"
    return Finding(rule, most <= TRIVIAL, f"at most {float(most):g}", details)


def _idle(trials: Trials, variants: list[Variant], pool: Executor) -> Finding:
    """Take the points of a variant's own question: the other ones are the reference's."""

    def score(variant: Variant) -> tuple[Fraction, list[str]]:
        return trials.score(variant.files, trials.checks(variant.question, only=True))

    scored = list(pool.map(score, variants))
    details = [
        " ".join([f"{variant.name}: {float(score):g}", *passed])
        for variant, (score, passed) in zip(variants, scored, strict=True)
    ]
    most = sum((score for score, _ in scored), Fraction(0))
    rule = f"functions in C++ that do nothing earn at most {TRIVIAL} points"
    return Finding(rule, most <= TRIVIAL, f"{float(most):g} points", details)


def _stubs(trials: Trials, stubs: Iterable[Variant], pool: Executor, report: Report) -> Finding:
    variants = list(stubs)

    def noticed(variant: Variant) -> str | None:
        why = trials.loses(variant.files, trials.checks(variant.question, only=True))
        report(f"stub {variant.name}: {why or 'NOT NOTICED'}")
        return why

    unnoticed = [
        v.name for v, why in zip(variants, pool.map(noticed, variants), strict=True) if why is None
    ]
    figure = f"{len(variants) - len(unnoticed)} of {len(variants)} symbols"
    rule = "a symbol that is missing costs points of its own question"
    return Finding(rule, not unnoticed, figure, unnoticed)


def _mutants(trials: Trials, variants: list[Variant], pool: Executor, report: Report) -> Finding:
    started = time.monotonic()

    def tried(variant: Variant) -> bool | None:
        """Return whether a mutant is noticed; None for one that does not compile."""
        if error := trials.compile_error(variant.files):
            report(f"mutant {variant.name}: not counted, it does not compile: {error}")
            return None
        why = trials.loses(variant.files, trials.checks(variant.question))
        report(f"mutant {variant.name}: {why or 'NOT NOTICED'}")
        return why is not None

    found = list(zip(variants, pool.map(tried, variants), strict=True))
    counted = [(variant, noticed) for variant, noticed in found if noticed is not None]
    missed = [variant.name for variant, noticed in counted if not noticed]
    caught = len(counted) - len(missed)
    share = Fraction(caught, len(counted)) if counted else Fraction(1)
    seconds = time.monotonic() - started
    figure = f"{caught} of {len(counted)} ({float(share):.1%}) in {seconds:.0f} s"
    return Finding(
        f"at least {float(CAUGHT):.0%} of the mutants are noticed", share >= CAUGHT, figure, missed
    )


def _not_tried(
    reference: Reference, assignment: Assignment, tried: list[Question]
) -> Finding | None:
    """Return which symbols need what this machine has not, or None if all were tried."""
    left = [question for question in assignment.questions if question not in tried]
    symbols = [str(symbol) for question in left for symbol in question.symbols]
    if not symbols:
        return None
    names = {question.id for question in left}
    needs = {check.needs for check in reference.checks if check.question in names and check.needs}
    missing = ", ".join(sorted(needs)) or "checks"
    return Finding("not tried here", True, f"{len(symbols)} symbols need {missing}", symbols)
