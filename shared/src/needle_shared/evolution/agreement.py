r"""When two cells agree.

**Losses.** One forward pass in float32 is two scalar products of lengths n and d, each with a
relative rounding error of at most length times u, where :math:`u = 2^{-24}` (Higham, Accuracy and
Stability of Numerical Algorithms, 2002, section 3.1, to first order, for terms of one sign). Two
cells may be wrong in opposite directions, so they agree at a step if

.. math:: |L_a - L_b| \le 2 (n + d) u \, |L_b| + 16 u,

for 784 inputs and 100 hidden units within 0.011 %. The second term is for losses near zero, which
are small differences of logits that are not small. This is a worst case, as rounding errors mostly
cancel: right cells are usually a hundred times nearer.

**Windows.** ReLU's derivative jumps at 0. Where one cell rounds an input of a hidden unit to just
above 0 and another to just below, both are right, the gradients differ by one image in one unit,
and from there the two trainings drift apart as any two trajectories of a chaotic system do. So the
cells take the weights of the first cell again every `WINDOW` steps. In trainings with 20 different
initial weights, 1 window of 1200 was beyond the bound for that reason, by up to 0.12 % in the
loss, while a learning rate that is wrong by 0.1 % put 97 % of the windows beyond it. A cell
agrees if at most `KINKS` of its windows are beyond the bound, and no loss by more than
`KINK_BOUND`; the report says how many there were.

**Epochs.** The steps are compared; whole epochs are timed. A cell's `epoch` has to arrive where
the same steps arrive, within `EPOCH_BOUND` of the way gone.

**Workloads.** Deeper networks have no bound so simple. Besides, hw2 rounds its draws to float32
after scaling them and the devices of hw3 before, so that initial weights differ by up to 4 u of the
largest: no more than the products err. So the bound is a measured one. With tanh (`SMOOTH`: the
language model from 9 initial weights) the first three losses of all cells were within 3.5e-7.
ResNet9 has thousands of ReLUs behind batch normalisations, where one unit at a kink moves the whole
gradient by 2 % (`KINKED`): of 40 trainings, 8 had met one by the third loss, which it moved by up
to 2 %, and the others were within 1e-6. A learning rate that was wrong by 1 % moved the second loss
by 2e-5 and more, and the third by 1e-4 and more, in every training of both. So the first three
losses of several trainings are compared, where differences have no time to grow.

**Test errors** come from whole trainings, where those drifts are not reset. A difference below
two standard deviations of an error rate p measured on N images, :math:`2 \sqrt{p (1 - p) / N}`, is
no difference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

UNIT_ROUNDOFF = 2.0**-24
NEAR_ZERO = 16 * UNIT_ROUNDOFF
WINDOW = 5
KINKS = 0.05
KINK_BOUND = 0.01
EPOCH_BOUND = 0.01


@dataclass(frozen=True)
class Tolerance:
    """How far losses may be apart: `bound`, relative to their size, in most windows of steps.

    A share `kinks` of the windows may go beyond it, at least one of several unless it is 0, but
    none beyond `kink_bound`.
    """

    bound: float
    window: int = WINDOW
    kinks: float = KINKS
    kink_bound: float = KINK_BOUND

    def windows(self, losses: int) -> int:
        """Return the number of windows of so many losses."""
        return math.ceil(losses / self.window)

    def allowed(self, losses: int) -> int:
        """Return how many of them may go beyond the bound."""
        windows = self.windows(losses)
        return min(max(1, int(self.kinks * windows)), windows - 1) if self.kinks else 0


SMOOTH = Tolerance(5e-6, window=3, kinks=0)
KINKED = Tolerance(5e-6, window=3, kinks=2 / 3, kink_bound=0.1)


def relative_bound(inputs: int, hidden: int) -> float:
    """Return 2 (n + d) u, how far two losses may be apart relative to their size."""
    return 2 * (inputs + hidden) * UNIT_ROUNDOFF


def first_difference(
    losses: Sequence[float], reference: Sequence[float], tolerance: Tolerance
) -> int | None:
    """Return the first step at which the losses disagree, None if they agree.

    Losses that are not finite agree with nothing. Raises ValueError for different lengths.
    """
    if len(losses) != len(reference):
        raise ValueError(f"{len(losses)} losses cannot be compared with {len(reference)}")
    beyond = _beyond(losses, reference, tolerance.bound)
    kinks = windows_beyond(losses, reference, tolerance)
    too_many = kinks > tolerance.allowed(len(losses))
    if beyond and (too_many or _beyond(losses, reference, tolerance.kink_bound)):
        return beyond[0]
    return None


def windows_beyond(
    losses: Sequence[float], reference: Sequence[float], tolerance: Tolerance
) -> int:
    """Return the number of windows that hold a loss beyond the bound."""
    return len({step // tolerance.window for step in _beyond(losses, reference, tolerance.bound)})


def _beyond(losses: Sequence[float], reference: Sequence[float], bound: float) -> list[int]:
    def agree(a: float, b: float) -> bool:
        return math.isfinite(b) and abs(a - b) <= bound * abs(b) + NEAR_ZERO

    pairs = enumerate(zip(losses, reference, strict=True))
    return [step for step, (a, b) in pairs if not agree(a, b)]


def largest_difference(losses: Sequence[float], reference: Sequence[float]) -> float:
    """Return the largest relative difference of a step."""
    pairs = zip(losses, reference, strict=True)
    return max((abs(a - b) / max(abs(b), NEAR_ZERO) for a, b in pairs), default=0.0)


def error_bound(error: float, images: int) -> float:
    """Return two standard deviations of an error rate, and at least one image."""
    return max(2 * math.sqrt(error * (1 - error) / images), 1 / images)
