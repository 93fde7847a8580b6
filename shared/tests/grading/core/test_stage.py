"""The grader on a stage of a few lines, in a real sandbox."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from needle_shared.grading import run_checks
from needle_shared.grading.assignment import read_assignment
from needle_shared.grading.catalogue import CatalogueError
from needle_shared.grading.grade import Grader, Rules
from needle_shared.grading.reference import ReferenceFailedError, run_reference
from needle_shared.grading.repository import Repository
from needle_shared.grading.results.explain import explain
from needle_shared.grading.results.model import CheckResult, Result
from needle_shared.grading.sandbox.find import diagnose, find_sandbox
from needle_shared.grading.session import Session
from needle_shared.grading.setup import Setup
from needle_shared.grading.skeletons import Skeletons
from needle_shared.grading.submission.intake import read_submission

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
        [[questions]]
        id = "numbers"
        title = "Numbers"
        symbols = ["src/needle_hw9/numbers.py::double", "src/needle_hw9/numbers.py::half"]
        [[questions]]
        id = "others"
        title = "Others"
        symbols = ["src/needle_hw9/others.py::view", "src/needle_hw9/others.py::refuse",
                   "src/needle_hw9/others.py::work"]
    """,
    "src/needle_hw9/__init__.py": """
        from needle_hw9.numbers import double, half
        from needle_hw9.others import refuse, view, work
    """,
    "src/needle_hw9/numbers.py": '''
        def double(x):
            """Return 2 x."""
            return 2 * x


        def half(x):
            """Return x / 2."""
            return x / 2
    ''',
    "src/needle_hw9/others.py": '''
        def view(x):
            """Return a view of the first half."""
            return x[: len(x) // 2]


        def refuse(x):
            """Raise ValueError."""
            raise ValueError(x)


        def work(x):
            """Return the sum of x, quickly."""
            return x.sum()
    ''',
    "checks/oracles.py": """
        def half(x):
            return x / 2
    """,
    "checks/helpers.py": """
        def square(rng):
            return rng.standard_normal((2, 2))
    """,
    "checks/test_numbers.py": """
        import numpy as np
        import pytest

        def oracle(x):
            return x + x

        @pytest.mark.points(30, part="numbers")
        @pytest.mark.parametrize("n", [1, 3, 0], ids=["one", "three", "none"])
        def test_double(stage, judge, rng, n):
            x = rng.standard_normal(n)
            judge.close("double", stage.double(x), want=lambda: oracle(x))
            judge.value("size", int(stage.double(n + 1)), want=lambda: 2 * n + 2)
    """,
    "checks/hidden/test_numbers.py": """
        import pytest
        from needle_shared.grading.inside.beside import helpers_of
        from needle_shared.grading.local import oracles_of

        helpers = helpers_of(__file__)
        oracles = oracles_of(__file__)

        @pytest.mark.points(20, part="numbers", hidden=True)
        def test_half(stage, judge, rng):
            x = helpers.square(rng)
            judge.close("half", [stage.half(x), (stage.half(2 * x),)],
                        want=lambda: [oracles.half(x), (x,)])
    """,
    "checks/test_others.py": """
        import pytest

        @pytest.mark.points(10, part="others")
        def test_view(stage, judge, rng):
            x = rng.standard_normal(6)
            judge.close("view", stage.view(x), want=lambda: x[:3])
            judge.shape("shape", stage.view(x), want=lambda: (3,))
            judge.same_memory("memory", stage.view(x), x, want=lambda: True)

        @pytest.mark.points(5, part="others")
        def test_refuse(stage, judge):
            judge.raises("refuse", ValueError, lambda: stage.module("others").refuse(1))

        @pytest.mark.points(20, part="others")
        def test_work(stage, judge, rng):
            def inputs():
                return (rng.standard_normal(1000),)
            judge.speed("work", stage.work, inputs, want=lambda x: x.sum(),
                        ratio={100: 1.0, 20000: 0.5})

        @pytest.mark.points(15, part="others", needs="a unicorn")
        def test_unicorn(stage, judge):
            judge.value("unicorn", stage.unicorn(), want=lambda: 1)
    """,
}
NUMBERS = "src/needle_hw9/numbers.py"
_LINE = "\n" + 8 * " "  # as the texts above are indented
OTHERS = "src/needle_hw9/others.py"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = tmp_path_factory.mktemp("repository")
    write(root / "hw9", FILES)
    return Repository(root)


@pytest.fixture(scope="module")
def grader(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    sandbox = find_sandbox()
    with Setup(repository, "hw9", sandbox) as setup:
        skeletons = Skeletons(sandbox, tmp_path_factory.mktemp("cache"))
        yield Grader(setup, run_reference(setup, 3), skeletons, Rules(3, check_seconds=2.0))
    assert not setup.folder.exists()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())


def grade(grader: Grader, folder: Path, change: dict[str, tuple[str, str] | None]) -> Result:
    """Grade the reference with changes: old and new text of a file, or None to leave it out."""
    files = {name: text for name, text in FILES.items() if name.startswith("src/")}
    for name, edit in change.items():
        text = files.pop(name)
        if edit is not None:
            assert edit[0] in text
            files[name] = text.replace(*edit)
    write(folder, files)
    return grader.grade(read_submission(folder, grader.setup.assignment))


def check(result: Result, name: str) -> CheckResult:
    (found,) = [item for item in result.checks if name in item.id]
    return found


def test_the_reference_earns_all_that_this_machine_can_check(
    grader: Grader, tmp_path: Path
) -> None:
    result = grade(grader, tmp_path, {})
    assert {c.status for c in result.checks} == {"passed", "pending"}
    assert (result.points, result.earned, result.pending) == (100, 85, 15)
    assert "a unicorn" in check(result, "test_unicorn").message
    assert [(q.id, q.points, q.earned) for q in result.questions] == [
        ("numbers", 50, 50), ("others", 50, 35),
    ]  # fmt: skip
    assert result.taken == (NUMBERS, OTHERS)
    assert result.notes == ()


def test_the_skeleton_earns_nothing(grader: Grader, tmp_path: Path) -> None:
    for name, content in grader.skeletons.files(grader.setup.assignment).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    result = grader.grade(read_submission(tmp_path, grader.setup.assignment))
    assert result.earned == 0
    assert "NotImplementedError: hw9: double" in check(result, "test_double[one]").message


def test_a_wrong_value_costs_its_check_and_says_how_far_it_is_off(
    grader: Grader, tmp_path: Path
) -> None:
    result = grade(grader, tmp_path, {NUMBERS: ("return 2 * x", "return 2.5 * x")})
    failed = check(result, "test_double[three]")
    assert (failed.status, failed.earned) == ("failed", 0)
    assert "3 of 3 values are wrong" in failed.message
    assert "relative 0.25" in failed.message


def test_the_traceback_of_an_error_begins_with_the_check(grader: Grader, tmp_path: Path) -> None:
    result = grade(grader, tmp_path, {NUMBERS: ("return 2 * x", "return 2 * y")})
    failed = check(result, "test_double[three]")
    assert "NameError: name 'y' is not defined (needle_hw9/numbers.py, line" in failed.message
    lines = failed.detail.splitlines()
    assert "test_numbers.py" in lines[1], failed.detail
    assert len([line for line in lines if line.startswith("  File")]) == 2


def test_of_a_hidden_check_the_student_learns_nothing(grader: Grader, tmp_path: Path) -> None:
    result = grade(grader, tmp_path, {NUMBERS: ("x / 2", "x / 3")})
    hidden = check(result, "test_half")
    assert (hidden.status, hidden.earned, hidden.hidden, hidden.message) == ("failed", 0, True, "")
    assert "half[0]" in hidden.detail


def test_a_missing_file_costs_its_own_points(grader: Grader, tmp_path: Path) -> None:
    result = grade(grader, tmp_path, {NUMBERS: None})
    assert result.earned == 35
    assert check(result, "test_double[one]").status == "not_found"
    assert f"hw9: {NUMBERS} is missing from the submission" in result.notes


def test_a_file_that_does_not_compile_costs_its_own_points(grader: Grader, tmp_path: Path) -> None:
    result = grade(grader, tmp_path, {NUMBERS: ("def half(x):", "def half(x:")})
    assert result.earned == 35
    assert "does not compile: line" in check(result, "test_double[one]").message


def test_an_error_at_import_is_said_in_every_check(grader: Grader, tmp_path: Path) -> None:
    result = grade(grader, tmp_path, {OTHERS: ("def view", f"import no_such{_LINE}def view")})
    assert result.earned == 0
    message = check(result, "test_double[one]").message
    assert "cannot be imported: ModuleNotFoundError" in message
    assert "needle_hw9/others.py, line 1" in message


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("x[: len(x) // 2]", "x[: len(x) // 2].copy()", "memory: False, expected True"),
        ("x[: len(x) // 2]", "x[:, None][: len(x) // 2]", "shape (3, 1), expected (3,)"),
        ("x[: len(x) // 2]", "x[: len(x) // 2].tolist() and 'text'", "expected a tensor"),
    ],
)
def test_every_kind_of_record_is_compared(
    grader: Grader, tmp_path: Path, old: str, new: str, word: str
) -> None:
    result = grade(grader, tmp_path, {OTHERS: (old, new)})
    assert word in check(result, "test_view").message
    assert result.earned == 75


def test_another_exception_than_the_expected_one(grader: Grader, tmp_path: Path) -> None:
    result = grade(grader, tmp_path, {OTHERS: ("raise ValueError(x)", "raise TypeError(x)")})
    assert check(result, "test_refuse").message == "refuse: raised TypeError, expected ValueError"
    result = grade(grader, tmp_path, {OTHERS: ("raise ValueError(x)", "return x")})
    assert "raised nothing" in check(result, "test_refuse").message


def test_a_quick_call_must_be_right_every_time(grader: Grader, tmp_path: Path) -> None:
    """An answer that is kept from the first call is wrong for the inputs of the second one."""
    keep = "return globals().setdefault('kept', x.sum())"
    result = grade(grader, tmp_path, {OTHERS: ("return x.sum()", keep)})
    assert check(result, "test_work").earned == 0
    assert "call 2" in check(result, "test_work").message


def test_a_check_that_never_ends_costs_itself(grader: Grader, tmp_path: Path) -> None:
    result = grade(grader, tmp_path, {OTHERS: ("raise ValueError(x)", "while True: pass")})
    assert check(result, "test_refuse").status == "timeout"
    assert result.earned == 80


def test_a_timeout_is_tried_again_before_it_counts(grader: Grader, tmp_path: Path) -> None:
    """The first run is slow by the clock, as on a machine that is busy for a while."""
    import time

    end = time.time() + 4
    wait = f"__import__('time').sleep(max(0, {end} - __import__('time').time())); raise ValueError"
    result = grade(grader, tmp_path, {OTHERS: ("raise ValueError", wait)})
    assert result.earned == 85


@pytest.fixture
def timeouts_take(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what sets how long a timeout takes by a submission's clock; nothing else takes time.

    So it does not matter how busy this machine is.
    """
    now, each = 0.0, 0.0
    failed = Session._failed

    def fail(self: Session, status: Any, message: str, started: float) -> Any:
        nonlocal now
        now += each if status == "timeout" else 0.0
        return failed(self, status, message, started)

    def set_each(seconds: float) -> None:
        nonlocal each
        each = seconds

    monkeypatch.setattr(Session, "_failed", fail)
    clock = SimpleNamespace(monotonic=lambda: now, sleep=lambda _: None)
    monkeypatch.setattr(run_checks, "time", clock)
    return set_each


def test_an_endless_loop_costs_no_points_of_other_questions(
    grader: Grader, tmp_path: Path, timeouts_take: Callable[[float], None]
) -> None:
    """Of 120 s each kind of check has 60; two timeouts use them up, three would be all."""
    timeouts_take(40)
    result = grade(grader, tmp_path, {NUMBERS: ("return 2 * x", "while True: pass")})
    names = ("double[one]", "double[three]", "double[none]", "half", "view", "refuse", "work")
    assert [check(result, name).status for name in names] == [
        "timeout", "timeout", "not_run", "passed", "passed", "passed", "passed",
    ]  # fmt: skip
    assert check(result, "double[none]").message == run_checks.NOT_RUN
    why = "the time for this submission was over, as others took too long"
    assert result.notes == (f"1 check was not run: {why}",)


def test_what_was_not_run_is_told(
    grader: Grader, tmp_path: Path, timeouts_take: Callable[[float], None]
) -> None:
    """Of the hidden checks the student is not told how many."""
    timeouts_take(200)
    result = grade(grader, tmp_path, {OTHERS: ("return x[: len(x) // 2]", "while True: pass")})
    assert check(result, "view").status == "timeout"
    unrun = [c for c in result.checks if c.status == "not_run"]
    assert [(c.hidden, c.message, c.detail) for c in unrun] == [
        (True, "", run_checks.NOT_RUN),
        (False, run_checks.NOT_RUN, ""), (False, run_checks.NOT_RUN, ""),
    ]  # fmt: skip
    why = "the time for this submission was over, as others took too long"
    assert result.notes == (f"2 checks and some hidden ones were not run: {why}",)
    assert run_checks.NOT_RUN in explain(result, unrun[0].id)


_SPEAK = (
    "import os, sys; print('{0} out'); print('{0} err', file=sys.stderr); "
    r"os.write(1, b'{0} raw\n')"
)
_SPOKEN = ("{0} out", "{0} err", "{0} raw")


def test_what_a_submission_prints_is_in_the_log(grader: Grader, tmp_path: Path) -> None:
    """At import and in functions, the words before an end too; pytest says nothing there."""
    at_import = f"{_SPEAK.format('import')}{_LINE}def view"
    called = f"exec({_SPEAK.format('call')!r}){_LINE}    return 2 * x"
    both = {OTHERS: ("def view", at_import), NUMBERS: ("return 2 * x", called)}
    log = grade(grader, tmp_path / "both", both).log
    said = [said.format(when) for when in ("import", "call") for said in _SPOKEN]
    assert {line for line in log.splitlines() if line} == set(said)

    last = f"print('last words', end=''){_LINE}    __import__('os')._exit(1)"
    log = grade(grader, tmp_path / "last", {OTHERS: ("raise ValueError(x)", last)}).log
    assert log == "last words"


def test_what_is_printed_by_an_import_that_fails_is_in_the_log(
    grader: Grader, tmp_path: Path
) -> None:
    edit = ("def view", f"{_SPEAK.format('import')}; raise OSError{_LINE}def view")
    log = grade(grader, tmp_path, {OTHERS: edit}).log
    assert {line for line in log.splitlines() if line} == {w.format("import") for w in _SPOKEN}


def test_another_seed_has_other_inputs(grader: Grader) -> None:
    other = run_reference(grader.setup, 4)
    for name, outcome in grader.reference.outcomes.items():
        if "double[three]" in name or "half" in name:
            first, second = outcome.records[0].value, other.outcomes[name].records[0].value
            assert not np.array_equal(first, second)
    again = run_reference(grader.setup, 3)
    for name, outcome in grader.reference.outcomes.items():
        for a, b in zip(outcome.records, again.outcomes[name].records, strict=True):
            np.testing.assert_array_equal(a.value, b.value)


def test_the_oracles_are_not_in_the_sandbox(grader: Grader) -> None:
    for kind, where in (("visible", "test_numbers.py"), ("hidden", "hidden/test_numbers.py")):
        found = {p: p.read_text() for p in (grader.setup.folder / kind).rglob("*.py")}
        names = {path.relative_to(grader.setup.folder / kind).as_posix() for path in found}
        assert {where, "helpers.py"} <= names
        assert not any("oracle" in text or "want" in text for text in found.values())


def test_an_oracle_that_a_check_needs_is_told_before_anything_is_graded(tmp_path: Path) -> None:
    text = FILES["checks/hidden/test_numbers.py"].replace("x = helpers", "x = oracles")
    write(tmp_path / "hw9", {**FILES, "checks/hidden/test_numbers.py": text})
    with pytest.raises(
        CatalogueError, match=r"hw9/checks/hidden/test_numbers.py, line 10: 'oracles'"
    ):
        Setup(Repository(tmp_path), "hw9", find_sandbox())


def test_a_reference_that_fails_its_own_check_is_told(
    repository: Repository, tmp_path: Path
) -> None:
    broken = {**FILES, "checks/test_numbers.py": FILES["checks/test_numbers.py"]}
    broken[NUMBERS] = FILES[NUMBERS].replace("return 2 * x", "raise RuntimeError('broken')")
    write(tmp_path / "hw9", broken)
    sandbox = find_sandbox()
    with (
        Setup(Repository(tmp_path), "hw9", sandbox) as setup,
        pytest.raises(ReferenceFailedError, match=r"test_double.*RuntimeError: broken"),
    ):
        run_reference(setup, 1)


def test_a_skeleton_is_kept_until_the_stage_changes(repository: Repository, tmp_path: Path) -> None:
    assignment = repository.assignment("hw9")
    sandbox = find_sandbox()
    first = Skeletons(sandbox, tmp_path).files(assignment)
    (kept,) = (tmp_path / "skeletons").iterdir()
    assert Skeletons(sandbox, tmp_path).files(assignment) == first
    assert b"NotImplementedError" in first[NUMBERS]
    kept.write_bytes(b"half of an archive")
    assert Skeletons(sandbox, tmp_path).files(assignment) == first
    write(tmp_path / "changed", {n: t.replace("2 * x", "3 * x") for n, t in FILES.items()})
    changed = read_assignment(tmp_path / "changed")
    assert Skeletons(sandbox, tmp_path).files(changed) == first  # a stub hides the change
    assert len(list((tmp_path / "skeletons").iterdir())) == 2
