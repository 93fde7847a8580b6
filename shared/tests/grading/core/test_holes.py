"""Holes that were found in the grader: each submission here once got what it should not.

On a stage of a few lines, in a real sandbox.
"""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from needle_shared.grading.batch import Batch, Item
from needle_shared.grading.channel import Requests
from needle_shared.grading.grade import Grader, Rules, _why_unusable
from needle_shared.grading.reference import run_reference
from needle_shared.grading.repository import Repository
from needle_shared.grading.results.html import feedback_html
from needle_shared.grading.results.model import CheckResult, Result
from needle_shared.grading.run_checks import Ran
from needle_shared.grading.sandbox.find import diagnose, find_sandbox
from needle_shared.grading.session import UnusableError
from needle_shared.grading.setup import Setup
from needle_shared.grading.skeletons import Skeletons
from needle_shared.grading.submission.intake import Submission, read_submission
from needle_shared.grading.submission.names import student_name

WORKS = any(finding.works for finding in diagnose())
pytestmark = pytest.mark.skipif(not WORKS, reason="no sandbox works on this machine")

FILES = {
    "pyproject.toml": """
        [project]
        name = "needle-hw9"
        dependencies = ["numpy>=2.0"]
    """,
    "assignment.toml": """
        stage = "hw9"
        package = "needle_hw9"
        title = "Nine"
        new_files = ["src/needle_hw9/**/*.py"]
        [[questions]]
        id = "all"
        title = "All"
        symbols = ["src/needle_hw9/work.py::double", "src/needle_hw9/work.py::total"]
    """,
    "src/needle_hw9/__init__.py": "from needle_hw9.work import double, total\n",
    "src/needle_hw9/work.py": '''
        def double(x):
            """Return 2 x."""
            return 2 * x


        def total(x):
            """Return the sum of the sorted x, after some work."""
            for _ in range(20):
                x = x + x[::-1]
            return x.sum()
    ''',
    "checks/test_work.py": """
        import pytest

        @pytest.mark.points(10, part="all")
        def test_double(stage, judge, rng):
            x = rng.standard_normal(3)
            judge.close("double", stage.double(x), want=lambda: x + x)

        @pytest.mark.points(60, part="all")
        def test_total(stage, judge, rng):
            judge.speed("total", stage.total, lambda: (rng.standard_normal(20000),),
                        want=lambda x: x.sum() * 2**20, ratio={20: 1.0})
    """,
    "checks/hidden/test_work.py": """
        import pytest

        @pytest.mark.points(30, part="all", hidden=True)
        def test_secret_double(stage, judge, rng):
            x = rng.standard_normal((2, 5))
            judge.close("double", stage.double(x), want=lambda: x + x)
    """,
}
WORK = "src/needle_hw9/work.py"
SAY = """
import glob, json, os, struct, sys, time
def say(header, payload=b""):
    text = json.dumps(header).encode()
    os.write(4, struct.pack("<II", len(text), len(payload)) + text + payload)
"""


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    root = tmp_path_factory.mktemp("repository")
    for name, text in FILES.items():
        write(root / "hw9" / name, text)
    sandbox = find_sandbox()
    with Setup(Repository(root), "hw9", sandbox) as setup:
        skeletons = Skeletons(sandbox, tmp_path_factory.mktemp("cache"))
        yield Grader(setup, run_reference(setup, 3), skeletons, Rules(3, check_seconds=3.0))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip("\n"))


def submission(
    grader: Grader, folder: Path, work: str, names: list[str] | None = None
) -> Submission:
    write(folder / WORK, work)
    for name in names or []:
        write(folder / name, "")
    return read_submission(folder, grader.setup.assignment)


def check(result: Result, name: str) -> CheckResult:
    (found,) = [item for item in result.checks if name in item.id]
    return found


PERFECT = textwrap.dedent(FILES[WORK]).lstrip("\n")
SLOW = """
import time
def double(x):
    return 2 * x
def total(x):
    time.sleep(0.1)
    for _ in range(20):
        x = x + x[::-1]
    return x.sum()
"""


def test_the_reference_earns_all(grader: Grader, tmp_path: Path) -> None:
    result = grader.grade(submission(grader, tmp_path, PERFECT))
    assert result.earned == 100, result.checks


def test_a_slow_one_does_not(grader: Grader, tmp_path: Path) -> None:
    result = grader.grade(submission(grader, tmp_path, SLOW))
    assert result.earned == 40, check(result, "test_total")


def test_hidden_checks_are_not_told_as_errors_of_the_compiler(
    grader: Grader, tmp_path: Path
) -> None:
    """What was said while the package was imported was taken for the driver's word."""
    names = [f"src/needle_hw9/n{i}.py" for i in range(3)]
    tell = (
        SAY
        + """
for event in ("broken", "compiled"):
    for path in glob.glob("/needle/checks/hidden/*.py"):
        told = {f"needle_hw9/n{i}.py": open(path).read()[200 * i:][:200] for i in range(3)}
        say({"event": event, "files": told, "broken": told})
"""
    )
    result = grader.grade(submission(grader, tmp_path, tell + PERFECT, names))
    assert result.notes == ()
    assert "secret_double" not in feedback_html(result)
    assert check(result, "test_secret").status == "protocol"
    assert result.earned == 70


def test_a_sandbox_that_never_reads_does_not_stop_the_grader(
    grader: Grader, tmp_path: Path
) -> None:
    """The grader once waited for room in the pipe of its requests, without end."""
    flood = (
        SAY
        + """
def double(x):
    while True:
        say({"event": "lap", "check": "test_work.py::test_double", "ratio": [[1, 1]]})
        say({"event": "lapped", "check": "test_work.py::test_double"})
"""
        + PERFECT.partition("return 2 * x")[2]
    )
    started = time.monotonic()
    result = grader.grade(submission(grader, tmp_path, flood))
    assert check(result, "test_double").earned == 0
    assert time.monotonic() - started < 60


def test_requests_have_a_deadline() -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(TimeoutError):
            Requests(writing).say({"long": "x" * (1 << 20)}, time.monotonic() + 0.1)
        os.close(reading)
        with pytest.raises(BrokenPipeError):
            Requests(writing).say({}, time.monotonic() + 1)
    finally:
        os.close(writing)


def test_many_files_are_no_failure_of_the_machine(grader: Grader, tmp_path: Path) -> None:
    """Their names were once an argument of a command, for which there is not so much room."""
    names = [f"src/needle_hw9/{'long' * 50}{i}.py" for i in range(800)]
    result = grader.grade(submission(grader, tmp_path, PERFECT, names))
    assert result.earned == 100, result.checks


def test_a_source_that_ends_the_compiler_costs_the_points(grader: Grader, tmp_path: Path) -> None:
    deep = "x = " + "-" * 200_000 + "1\n"
    result = grader.grade(submission(grader, tmp_path, deep))
    assert (result.status, result.earned) == ("graded", 0)


def test_a_timed_call_that_takes_too_long_is_no_failure_of_the_machine(
    grader: Grader, tmp_path: Path
) -> None:
    """The reference waited for its turn, and then its own time was over."""
    result = grader.grade(submission(grader, tmp_path, SLOW.replace("0.1", "2.9")))
    assert check(result, "test_total").status == "timeout"
    assert result.earned == 40


LAZY = (
    SLOW.replace("def total", "def slow")
    + """
class Lazy:
    def __init__(self, x): self.x = x
    def numpy(self): return __import__("numpy").array(slow(self.x))
def total(x): return Lazy(x)
"""
)
KEPT = (
    SLOW.replace("def total", "def slow")
    + """
kept = {}
def total(x):
    key = x.tobytes()
    if key not in kept: kept[key] = slow(x)
    return kept[key]
"""
)
EARLY = (
    SAY
    + SLOW.replace("def total", "def slow")
    + """
from needle_shared.grading.inside import recorder
def total(x):
    say({"event": "lapped", "check": "test_work.py::test_total", "seconds": 1e-9})
    def later(frame): recorder.send = send
    send, recorder.send = recorder.send, later
    encode, recorder.encode = recorder.encode, lambda header: setattr(recorder, "encode", encode)
    recorder.send = lambda frame: setattr(recorder, "send", send) if frame is None else send(frame)
    return slow(x)
"""
)
BEFORE = (
    SLOW.replace("def total", "def slow")
    + '''
import gc, numpy, sys
answers = None
def total(x):
    """Compute the answers for all states that the generator may have from here on."""
    global answers
    if answers is None:
        frame = sys._getframe(1)
        rng = frame.f_locals["self"]._rng
        state = rng.bit_generator.state
        answers = {}
        for _ in range(5):
            y = rng.standard_normal(20000)
            answers[y.tobytes()] = slow(y)
        rng.bit_generator.state = state
    key = x.tobytes()
    return answers[key] if key in answers else slow(x)
'''
)


@pytest.mark.parametrize(
    "work", [LAZY, KEPT, EARLY, BEFORE], ids=["lazy", "kept", "early", "before"]
)
def test_a_slow_call_cannot_look_fast(grader: Grader, tmp_path: Path, work: str) -> None:
    result = grader.grade(submission(grader, tmp_path, work))
    assert check(result, "test_total").earned == 0
    assert result.earned == 40


def test_the_seed_is_not_in_the_sandbox(grader: Grader, tmp_path: Path) -> None:
    """Who knew it could tell it, or compute the inputs of other checks."""
    look = """
def double(x):
    import gc, sys
    texts = [*sys.argv, open("/proc/self/cmdline").read()]
    texts += [str(d) for d in gc.get_objects() if type(d) is dict and "package" in d]
    if any("seed" in text and "checks" in text for text in texts): raise ValueError("SEED")
    return 2 * x
""" + PERFECT.partition("return 2 * x")[2]
    result = grader.grade(submission(grader, tmp_path, look))
    assert result.earned == 100, check(result, "test_double")


def test_a_fault_of_the_grader_costs_one_submission_only(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grade = Grader.grade

    def faulty(self: Grader, submission: Submission, slot: int = 0) -> Result:
        if submission.name == "bad":
            raise AttributeError("a fault")
        return grade(self, submission, slot)

    monkeypatch.setattr(Grader, "grade", faulty)
    for name in ("bad", "good"):
        write(tmp_path / name / WORK, PERFECT)
    items = [Item(name, tmp_path / name) for name in ("bad", "good")]
    batch = Batch(grader, tmp_path / "out")
    states = {g.result.student: g.result.status for g in batch.run(items, 1, lambda result: None)}
    assert states == {"bad": "infra_error", "good": "graded"}


@pytest.mark.parametrize(
    "name", ["summary.html", "gradebook.csv", "Summary.HTML", "summary.html.zip"]
)
def test_no_student_is_called_like_a_file_of_the_class(name: str) -> None:
    """The folder of the student stood in the place of the file, and the class had none."""
    assert student_name(name).casefold() not in {"summary.html", "gradebook.csv"}


def test_hidden_checks_are_not_told_as_errors_of_loading() -> None:
    """Why a package cannot be loaded is a note for the student, where it has C++."""
    told = UnusableError("error", "told by hidden checks")
    seen = UnusableError("error", "told by visible ones")
    ran = {("visible", False): Ran(), ("hidden", False): Ran(unusable=told)}
    assert "told" not in _why_unusable(ran)
    assert "visible" in _why_unusable({**ran, ("visible", True): Ran(unusable=seen)})
