"""Which cells agree, by the rules of `agreement`, and where they do not."""

import math
from collections.abc import Callable, Sequence

from needle_shared.evolution import agreement
from needle_shared.evolution.problem import Problem
from needle_shared.evolution.results import CellResult, Comparison, Disagreement


def judge(cells: Sequence[CellResult], problem: Problem, steps: int) -> Comparison:
    """Return the rows with every disagreement among those that finished."""
    bound = agreement.relative_bound(*problem.W1.shape)
    comparison = Comparison(list(cells), [], steps, bound)
    finished = comparison.finished
    if not finished:
        return comparison

    def agreeing(cell: CellResult) -> int:
        return sum(_losses_differ(other, cell, bound) is None for other in finished)

    # The majority is right: one wrong cell, be it the first, is then the one that is named.
    reference = max(finished, key=agreeing)
    rules: tuple[Callable[[CellResult], Disagreement | None], ...] = (
        lambda cell: _losses_differ(cell, reference, bound),
        _epoch_differs,
        lambda cell: _errors_differ(cell, reference, len(problem.y_test)),
    )
    for cell in finished:
        found = (rule(cell) for rule in rules)
        comparison.disagreements.extend(filter(None, [next(filter(None, found), None)]))
    losses = [(cell.losses, reference.losses) for cell in finished]
    comparison.largest_difference = max(agreement.largest_difference(*pair) for pair in losses)
    comparison.kinks = max(agreement.windows_beyond(*pair, bound) for pair in losses)
    return comparison


def _losses_differ(cell: CellResult, reference: CellResult, bound: float) -> Disagreement | None:
    step = agreement.first_difference(cell.losses, reference.losses, bound)
    if step is None:
        return None
    value, expected = cell.losses[step], reference.losses[step]
    if math.isfinite(expected):
        apart = abs(value - expected) / max(abs(expected), agreement.NEAR_ZERO)
        text = (
            f"{cell.name} disagrees with {reference.name} from step {step} on: "
            f"loss {value:.7g}, not {expected:.7g} ({apart:.1e} apart, {bound:.1e} allowed)"
        )
    else:
        text = f"{cell.name}: the loss of step {step} is {value}"
    return Disagreement(cell.name, reference.name, step, value, expected, text)


def _epoch_differs(cell: CellResult) -> Disagreement | None:
    gap = math.nan if cell.epoch_gap is None else cell.epoch_gap
    if gap <= agreement.EPOCH_BOUND:
        return None
    text = (
        f"{cell.name} disagrees with itself: an epoch ends {gap:.1%} of the way from where the "
        f"same steps end ({agreement.EPOCH_BOUND:.0%} allowed)"
    )
    return Disagreement(cell.name, cell.name, None, gap, 0.0, text)


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
