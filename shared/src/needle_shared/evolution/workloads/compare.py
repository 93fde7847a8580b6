"""The comparison of a workload: the cells take steps in turn, and their first losses agree."""

from collections.abc import Mapping
from dataclasses import replace

from needle_shared.evolution.results import Comparison
from needle_shared.evolution.team import Progress, Silent, Team, assemble
from needle_shared.evolution.verdict import curve_is_finite, judge
from needle_shared.evolution.workloads.problem import ImageProblem, TextProblem

WORKER = "needle_shared.evolution.workloads.worker"
TRAININGS = 9
STEPS_IN_TURN = 5


def compare_steps(
    problem: TextProblem | ImageProblem,
    cells: Mapping[str, str],
    *,
    timeout: float = 300.0,
    progress: Progress | None = None,
) -> Comparison:
    """Return how the cells, names to "module:Class", do in the steps of a problem.

    Processes, failures and time limits are as in `compare`.
    """
    progress = progress or Silent()
    count = min(problem.tolerance.window, problem.steps)
    progress.begin(len(cells) * (TRAININGS * count + problem.steps))
    with assemble(WORKER, cells, problem.save, timeout, progress) as team:
        check(team, count, progress)
        train(team, problem.steps, progress)
        team.describe()
    rows = list(team.results.values())
    tolerance = replace(problem.tolerance, window=count)
    return judge(rows, TRAININGS * count, tolerance, [curve_is_finite])


def check(team: Team, count: int, progress: Progress) -> None:
    """Record the losses of the first `count` steps, of trainings that begin differently."""
    progress.phase(f"Checking the first {count} losses of {TRAININGS} trainings")
    for seed in range(TRAININGS):
        team.ask_all("start", seed=seed)
        for result, answer in team.ask_all("steps", count=count):
            result.losses += answer["losses"]
            progress.advance(count)


def train(team: Team, steps: int, progress: Progress) -> None:
    """Train for `steps` steps, the cells in turn, and record the loss and the time of each."""
    progress.phase(f"Timing {steps} steps in turn")
    team.ask_all("start", seed=0)
    for first in range(0, steps, STEPS_IN_TURN):
        count = min(STEPS_IN_TURN, steps - first)
        for result, answer in team.ask_all("steps", count=count):
            result.curve += answer["losses"]
            result.seconds += answer["seconds"]
            result.training_loss = result.curve[-1]
            progress.advance(count)
