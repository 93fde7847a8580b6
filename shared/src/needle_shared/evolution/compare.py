"""The comparison itself: start the cells, check, train, time and describe them."""

from collections.abc import Mapping

from needle_shared.evolution.agreement import WINDOW, Tolerance, relative_bound
from needle_shared.evolution.problem import Problem
from needle_shared.evolution.results import Comparison, StageNames
from needle_shared.evolution.team import Progress, Silent, Team, assemble
from needle_shared.evolution.verdict import epoch_is_its_steps, errors_agree, judge

WORKER = "needle_shared.evolution.worker"
CHECKED_STEPS = 300
STAGE_PREFIX = "needle_"  # what the names of their packages begin with


def compare(
    problem: Problem,
    cells: Mapping[str, str],
    *,
    epochs: int,
    repeats: int,
    timeout: float = 300.0,
    progress: Progress | None = None,
) -> Comparison:
    """Return how the cells, names to "module:Class", do on a problem.

    Every cell runs in a process of its own; all have ended when this returns or raises. A cell
    that raises, dies or is silent for `timeout` seconds is marked as failed, the others go on.
    """
    progress = progress or Silent()
    checked_epochs = min(epochs, -(-CHECKED_STEPS // problem.steps))
    steps = checked_epochs * problem.steps
    progress.begin(len(cells) * (steps + (epochs + repeats) * problem.steps))
    with assemble(WORKER, cells, problem.save, timeout, progress) as team:
        check(team, steps, progress)
        train(team, epochs, problem.steps, progress)
        measure(team, repeats, problem.steps, progress)
        stages = list_names(team)
    tolerance = Tolerance(relative_bound(*problem.W1.shape))
    rules = [epoch_is_its_steps, errors_agree(len(problem.y_test))]
    comparison = judge(list(team.results.values()), steps, tolerance, rules)
    comparison.stages = stages
    return comparison


def check(team: Team, steps: int, progress: Progress) -> None:
    """Record the loss of every step, from common weights every few steps."""
    progress.phase(f"Checking the losses of {steps} steps")
    team.ask_all("start")
    for first in range(0, steps, WINDOW):
        count = min(WINDOW, steps - first)
        for result, answer in team.ask_all("trace", first=first, count=count):
            result.losses += answer["losses"]
            progress.advance(count)
        team.align()
    for result, answer in team.ask_all("check_epoch"):
        result.epoch_gap = answer["gap"]


def train(team: Team, epochs: int, steps: int, progress: Progress) -> None:
    """Train every cell from the initial weights to the end, and measure what it learnt."""
    progress.phase(f"Training {epochs} epochs")
    team.ask_all("start")
    for _ in range(epochs):
        for _ in team.ask_all("epoch"):
            progress.advance(steps)
    for result, answer in team.ask_all("evaluate"):
        result.training_loss = answer["training_loss"]
        result.test_error = answer["test_error"]


def measure(team: Team, repeats: int, steps: int, progress: Progress) -> None:
    """Time epochs from the initial weights, the cells in turn, and describe the cells."""
    progress.phase(f"Timing {repeats} epochs in turn")
    for _ in range(repeats):
        team.ask_all("start")
        for result, answer in team.ask_all("epoch"):
            result.seconds.append(answer["seconds"])
            progress.advance(steps)
    team.describe()


def list_names(team: Team) -> list[StageNames]:
    """Return what each stage adds to the public names of the stages before it.

    A cell of somebody's own may stand on any package; only the names of stages are listed.
    """
    stages: dict[str, StageNames] = {}
    for name, result in team.results.items():
        package = result.package
        if result.state != "finished" or package in stages or not package.startswith(STAGE_PREFIX):
            continue
        answer = team.ask(name, "interface", earlier=[*stages])
        if answer is not None:
            stages[package] = StageNames(package, answer["names"])
    return [*stages.values()]
