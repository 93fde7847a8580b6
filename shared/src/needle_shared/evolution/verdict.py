"""Which cells agree, by the rules of `agreement`, and where they do not."""

import math
from collections.abc import Callable, Sequence
from functools import partial

from needle_shared.evolution import agreement
from needle_shared.evolution.agreement import Tolerance
from needle_shared.evolution.results import CellResult, Comparison, Disagreement

Rule = Callable[[CellResult, CellResult], Disagreement | None]
"""What is wrong with a cell beside the one that is right."""


def judge(
    cells: Sequence[CellResult], steps: int, tolerance: Tolerance, rules: Sequence[Rule] = ()
) -> Comparison:
    """Return the rows with the first disagreement of each cell that finished.

    Their `steps` losses agree by `tolerance`; then come the other `rules`.
    """
    comparison = Comparison(list(cells), [], steps, tolerance.bound)
    finished = comparison.finished
    if not finished:
        return comparison

    def losses_differ(cell: CellResult, reference: CellResult) -> Disagreement | None:
        return _losses_differ(cell, reference, tolerance)

    def agreeing(cell: CellResult) -> int:
        return sum(losses_differ(other, cell) is None for other in finished)

    # The majority is right: one wrong cell, be it the first, is then the one that is named.
    reference = max(finished, key=agreeing)
    for cell in finished:
        found = (rule(cell, reference) for rule in (losses_differ, *rules))
        comparison.disagreements.extend(filter(None, [next(filter(None, found), None)]))
    losses = [(cell.losses, reference.losses) for cell in finished]
    comparison.largest_difference = max(agreement.largest_difference(*pair) for pair in losses)
    comparison.kinks = max(agreement.windows_beyond(*pair, tolerance) for pair in losses)
    return comparison


def _losses_differ(
    cell: CellResult, reference: CellResult, tolerance: Tolerance
) -> Disagreement | None:
    step = agreement.first_difference(cell.losses, reference.losses, tolerance)
    if step is None:
        return None
    value, expected = cell.losses[step], reference.losses[step]
    if math.isfinite(expected):
        apart = abs(value - expected) / max(abs(expected), agreement.NEAR_ZERO)
        text = (
            f"{cell.name} disagrees with {reference.name} from step {step} on: "
            f"loss {value:.7g}, not {expected:.7g} "
            f"({apart:.1e} apart, {tolerance.bound:.1e} allowed)"
        )
    else:
        text = f"{cell.name}: the loss of step {step} is {value}"
    return Disagreement(cell.name, reference.name, step, value, expected, text)


def curve_is_finite(cell: CellResult, reference: CellResult) -> Disagreement | None:
    """Find a loss of the whole training that is not finite."""
    for step, value in enumerate(cell.curve):
        if not math.isfinite(value):
            text = f"{cell.name}: the loss of step {step} is {value}"
            return Disagreement(cell.name, reference.name, step, value, reference.curve[step], text)
    return None


def epoch_is_its_steps(cell: CellResult, _: CellResult) -> Disagreement | None:
    """Find an epoch that does not end where its steps end."""
    gap = math.nan if cell.epoch_gap is None else cell.epoch_gap
    if gap <= agreement.EPOCH_BOUND:
        return None
    text = (
        f"{cell.name} disagrees with itself: an epoch ends {gap:.1%} of the way from where the "
        f"same steps end ({agreement.EPOCH_BOUND:.0%} allowed)"
    )
    return Disagreement(cell.name, cell.name, None, gap, 0.0, text)


def errors_agree(images: int) -> Rule:
    """Return the rule that finds a test error, measured on `images`, that is another one."""
    return partial(_errors_differ, images=images)


def _errors_differ(cell: CellResult, reference: CellResult, images: int) -> Disagreement | None:
    if cell.test_error is None or reference.test_error is None:
        return None
    allowed = agreement.error_bound(reference.test_error, images)
    if abs(cell.test_error - reference.test_error) <= allowed:
        return None
    text = (
        f"{cell.name} disagrees with {reference.name}: test error {cell.test_error:.2%}, "
        f"not {reference.test_error:.2%} ({allowed:.2%} apart allowed)"
    )
    return Disagreement(
        cell.name, reference.name, None, cell.test_error, reference.test_error, text
    )
