"""Points for C++ are not earned by Python that stands in for it."""

from __future__ import annotations

from pathlib import Path

from attacks.attack import write
from classroom import needs_isolation

from needle_shared.grading.grade import Grader, Rules
from needle_shared.grading.reference import run_reference
from needle_shared.grading.repository import Repository
from needle_shared.grading.sandbox.find import find_sandbox
from needle_shared.grading.setup import Setup
from needle_shared.grading.skeleton.files import reference_files, skeleton_files
from needle_shared.grading.skeletons import Skeletons
from needle_shared.grading.submission.intake import read_submission

pytestmark = needs_isolation
STAND_IN = b"""

def _stand_in():
    import needle_hw0._simple_ml_ext as extension
    from needle_hw0.softmax import softmax_regression_epoch as regression
    def of_regression(X, y, theta, lr, batch, isa=""): regression(X, y, theta, lr=lr, batch=batch)
    def of_network(X, y, W1, W2, lr, batch, isa=""): nn_epoch(X, y, W1, W2, lr=lr, batch=batch)
    extension.softmax_regression_epoch, extension.nn_epoch = of_regression, of_network
_stand_in()
"""


def test_python_in_the_place_of_an_extension_earns_nothing(tmp_path: Path) -> None:
    repository, sandbox = Repository(Path(__file__).parents[4]), find_sandbox()
    assignment = repository.assignment("hw0")
    files = skeleton_files(assignment)
    files |= {n: c for n, c in reference_files(assignment).items() if n.endswith(".py")}
    files["src/needle_hw0/two_layer.py"] += STAND_IN
    write(files, tmp_path / "hw0")
    with Setup(repository, "hw0", sandbox) as setup:
        skeletons = Skeletons(sandbox, tmp_path / "cache")
        grader = Grader(setup, run_reference(setup, 1), skeletons, Rules(1))
        result = grader.grade(read_submission(tmp_path / "hw0", assignment))
    earned = {question.id: question.earned for question in result.questions}
    assert earned.pop("cpp") == 0
    assert sum(earned.values()) == 80
