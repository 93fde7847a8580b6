"""Grading a class: repeatable, resumable, and safe to be stopped at any time."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attack import LINALG, MATMUL, Attack, write
from classroom import Class, adopt_orphans, children_left, honest
from cli import Command

from needle_shared.grading import run_checks
from needle_shared.grading.commands import run
from needle_shared.grading.gate import Gate
from needle_shared.grading.grade import Grader
from needle_shared.grading.reference import run_reference
from needle_shared.grading.repository import Repository
from needle_shared.grading.sandbox.find import diagnose, find_sandbox
from needle_shared.grading.sandbox.interface import Bind, SandboxError
from needle_shared.grading.setup import Setup
from needle_shared.grading.submission.intake import Submission
from needle_shared.grading.temporary import PREFIX

ISOLATED = any(f.works and f.tier in {"A", "B"} for f in diagnose())
pytestmark = pytest.mark.skipif(not ISOLATED, reason="bubblewrap does not work on this machine")
ONLY = ["--only", r"forward.*matmul"]
SLOW = Attack("slow", inside="import time; time.sleep(0.3)")
ENDLESS = Attack("endless", inside="while True: pass")
GRADIENT = f"{LINALG}::MatMul.gradient"


@pytest.fixture
def group() -> Iterator[Class]:
    folder = Path(tempfile.mkdtemp(prefix="needle-class-"))
    folder.chmod(0o755)
    group = Class(folder / "class", plain=False)
    yield group
    group.remove()
    folder.rmdir()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setattr(run_checks, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    return Command(monkeypatch, "--out", str(tmp_path / "out"), *ONLY)


@pytest.fixture
def alice(group: Class) -> Path:
    group.add_honest([])
    return group.folder / "submissions" / honest([])


def documents(out: Path) -> dict[str, Any]:
    """Return all results but for their times."""
    found = {}
    for path in sorted(out.glob("*/result.json")):
        found[path.parent.name] = json.loads(path.read_text())
        del found[path.parent.name]["timing"]
    return found


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "gradebook.csv").open(encoding="utf-8-sig") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_a_class_gives_the_same_results_in_any_order(group: Class, tmp_path: Path) -> None:
    group.add([Attack("breaks", inside="raise ValueError(a.shape)", stubs=(MATMUL,))])
    group.add_honest([GRADIENT])
    outs = [tmp_path / name for name in ("one", "two", "again", "seed")]
    options = [["--jobs", "1"], ["--jobs", "2"], ["--jobs", "2"], ["--seed", "7"]]
    for out, words in zip(outs, options, strict=True):
        done = group.grade("--out", str(out), *ONLY, *words)
        assert done.returncode == 0, done.stderr
    one, two, again, other = map(documents, outs)
    assert len(one) == 3
    assert one == two == again
    assert {name: r["total"] for name, r in other.items()} == {
        name: r["total"] for name, r in one.items()
    }
    books = [(out / "gradebook.csv").read_bytes() for out in outs]
    assert books[0] == books[1] == books[2] == books[3]


def test_inputs_depend_on_the_seed_alone() -> None:
    with Setup(Repository.around(Path(__file__)), "hw1", find_sandbox()) as setup:
        first, same, other = (run_reference(setup, seed) for seed in (0, 0, 1))

    def values(reference: Any) -> dict[str, list[Any]]:
        return {
            name: [(r.name, r.value.tobytes()) for r in o.records if r.how == "close"]
            for name, o in reference.outcomes.items()
        }

    assert values(first) == values(same)
    changed = [name for name, value in values(first).items() if value != values(other)[name]]
    assert len(changed) > 0.9 * len(values(first))


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@contextmanager
def begun(group: Class, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start to grade, and wait for the first result."""
    command, env = group.command(*options)
    adopt_orphans()
    with (group.folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, env=env, cwd=group.folder, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: list(group.out.glob("*/result.json")) or process.poll() is not None)
        assert process.poll() is None, (group.folder / "said").read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def slow_class(group: Class) -> None:
    for attack in (SLOW, ENDLESS):
        files = attack.files(group.perfect, group.skeleton)
        names = [f"{attack.name}-{i}" for i in range(3 if attack is SLOW else 1)]
        for name in names:
            write(files, group.folder / "submissions" / f"z-{name}")
    group.add_honest([])
    group.add_honest([MATMUL])


def finished(group: Class) -> dict[str, tuple[int, int]]:
    stats = {p.parent.name: p.stat() for p in group.out.glob("*/result.json")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


def finish(group: Class, before: dict[str, tuple[int, int]]) -> None:
    """Grade the rest; what was finished is not touched, and nothing is left."""
    done = group.grade(*ONLY, "--check-seconds", "1", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    after = finished(group)
    assert len(after) == 6 > len(before) > 0
    assert {name: after[name] for name in before} == before
    assert {row["status"] for row in rows(group.out).values()} == {"graded"}
    assert len(rows(group.out)) == 6
    assert group.left_files() == []
    assert children_left() == []
    assert not [p for p in group.out.rglob("*") if p.name.startswith(".")]


def test_a_grader_that_is_killed_goes_on_where_it_was(group: Class) -> None:
    slow_class(group)
    with begun(group, *ONLY, "--check-seconds", "1", "--jobs", "2") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = finished(group)
    wait_until(lambda: not children_left(), 20)
    assert [name for name in group.left_files() if name.startswith(PREFIX)]
    finish(group, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_grader_that_is_stopped_ends_at_once(group: Class, number: int) -> None:
    slow_class(group)
    with begun(group, *ONLY, "--check-seconds", "100", "--jobs", "2") as process:
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(20) == 130
    said = (group.folder / "said").read_text()
    assert "Traceback" not in said
    assert "run it again" in said
    assert group.left_files() == []
    assert children_left() == []
    documents_before = documents(group.out)
    assert {document["status"] for document in documents_before.values()} == {"graded"}
    assert "z-endless-0" not in documents_before


def test_a_signal_before_the_first_result_leaves_nothing(group: Class) -> None:
    slow_class(group)
    command, env = group.command(*ONLY)
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: group.left_files() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert group.left_files() == []


def test_a_sandbox_that_does_not_start_is_no_mark(
    command: Command, alice: Path, tmp_path: Path
) -> None:
    assert command(alice).exit_code == 0
    path = tmp_path / "out" / alice.name / "result.json"
    before = path.read_bytes()
    broken = threading.Event()

    def before_start(number: int) -> list[Bind]:
        if broken.is_set():
            raise SandboxError(f"no sandbox number {number}")
        return []

    meddler = command.meddle(before_start)
    first = Grader.grade

    def grade(self: Grader, submission: Submission, slot: int = 0) -> Any:
        broken.set()
        return first(self, submission, slot)

    command.monkeypatch.setattr(Grader, "grade", grade)
    done = command(alice, "--again")
    assert done.exit_code == 4, done.output
    assert "no sandbox number" in done.output
    assert meddler.starts >= 3
    assert path.read_bytes() == before
    row = rows(tmp_path / "out")[alice.name]
    assert row["status"] == "graded"  # the earlier mark stays, and it is said
    assert "an earlier result, as grading failed now" in row["message"]


def test_a_sandbox_that_starts_the_next_time_costs_nothing(
    command: Command, alice: Path, tmp_path: Path
) -> None:
    def before_start(number: int) -> list[Bind]:
        if number in {3, 4, 6}:  # after the two of the reference
            raise SandboxError("not this time")
        return []

    meddler = command.meddle(before_start)
    done = command(alice)
    assert done.exit_code == 0, done.output
    assert meddler.starts > 5
    (document,) = documents(tmp_path / "out").values()
    assert {check["status"] for check in document["checks"]} == {"passed"}


def test_a_timeout_of_a_busy_machine_costs_nothing(
    command: Command, group: Class, tmp_path: Path
) -> None:
    attack = Attack(
        "busy",
        inside="""
        import os, time
        if not os.path.exists("/needle/quiet"): time.sleep(60)
        """,
    )
    write(attack.files(group.perfect, group.skeleton), group.folder / "submissions" / "busy")
    quiet = tmp_path / "quiet"
    quiet.touch()
    alone = Gate.alone
    held: list[bool] = []

    @contextmanager
    def noted(self: Gate) -> Iterator[None]:
        with alone(self):
            held.append(True)
            yield
            held.clear()

    command.monkeypatch.setattr(Gate, "alone", noted)
    meddler = command.meddle(lambda number: [Bind(quiet, "/needle/quiet")] if held else [])
    done = command(group.folder / "submissions" / "busy", "--check-seconds", "1")
    assert done.exit_code == 0, done.output
    assert meddler.starts > 4
    (document,) = documents(tmp_path / "out").values()
    assert {check["status"] for check in document["checks"]} == {"passed"}


def test_an_import_that_is_slow_on_a_busy_machine_costs_nothing(
    command: Command, group: Class, tmp_path: Path
) -> None:
    attack = Attack(
        "busy",
        at_import="""
        import os, time
        if not os.path.exists("/needle/quiet"): time.sleep(60)
        """,
    )
    write(attack.files(group.perfect, group.skeleton), group.folder / "submissions" / "busy")
    quiet = tmp_path / "quiet"
    quiet.touch()
    late = {"starts": 0}

    def before_start(number: int) -> list[Bind]:
        late["starts"] = number
        return [] if number == 3 else [Bind(quiet, "/needle/quiet")]

    command.meddle(before_start)
    done = command(group.folder / "submissions" / "busy", "--check-seconds", "1")
    assert done.exit_code == 0, done.output
    assert late["starts"] == 5
    (document,) = documents(tmp_path / "out").values()
    assert {check["status"] for check in document["checks"]} == {"passed"}


def test_what_cannot_be_graded_is_told_and_is_a_row(
    command: Command, alice: Path, tmp_path: Path
) -> None:
    letter = alice.parent / "bob.zip"
    letter.write_text("Dear teacher")
    done = command(letter)
    assert done.exit_code == 3, done.output
    assert "neither a folder nor" in done.output
    done = command(alice.parent)
    assert done.exit_code == 0, done.output
    assert {name: row["status"] for name, row in rows(tmp_path / "out").items()} == {
        alice.name: "graded",
        "bob": "invalid",
    }


def test_wrong_usage_is_explained(command: Command, alice: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "roster.csv").write_text("who,what\na,b\n")
    (tmp_path / "good.csv").write_text("student\na\n")
    elsewhere = tmp_path / "elsewhere"
    cases: list[tuple[list[Any], str]] = [
        ([tmp_path / "nowhere"], "No such file"),
        ([tmp_path / "empty"], "no submissions"),
        ([alice, "--roster", tmp_path / "roster.csv"], "no column"),
        ([alice, alice, "--roster", tmp_path / "good.csv"], "one folder"),
        ([alice, alice, "--gradescope", tmp_path / "r.json"], "one submission"),
        ([alice, "--only", "("], "--only"),
        ([alice, "--out", tmp_path / "file" / "out"], "--out"),
        ([alice, "--jobs", "0"], "--jobs"),
        ([alice, "--root", elsewhere], "elsewhere"),
    ]
    for arguments, message in cases:
        done = command(*arguments)
        assert (done.exit_code, message in done.output) == (2, True), done.output
    done = command(alice, stage="hw99")
    assert done.exit_code == 2
    assert "hw99" in done.output


def test_a_full_disk_is_told(command: Command, alice: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/result.json")

    for name in ("write_student", "write_class"):
        with command.monkeypatch.context() as patch:
            patch.setattr(run, name, full)
            done = command(alice)
        assert done.exit_code == 4, done.output
        assert "No space left" in done.output
        assert isinstance(done.exception, SystemExit)


def test_a_fault_of_the_grader_costs_one_result(
    command: Command, group: Class, alice: Path, tmp_path: Path
) -> None:
    group.add_honest([MATMUL])
    first = run.write_student

    def write_student(result: Any, out: Path) -> None:
        if result.student == alice.name and result.status == "graded":
            raise ZeroDivisionError("in the grader")
        first(result, out)

    command.monkeypatch.setattr(run, "write_student", write_student)
    done = command(alice.parent)
    assert done.exit_code == 4
    found = {name: row["status"] for name, row in rows(tmp_path / "out").items()}
    assert found == {alice.name: "infra_error", "honest-MatMul-compute": "graded"}


def test_a_roster_has_a_row_for_everyone(command: Command, alice: Path, tmp_path: Path) -> None:
    alice.rename(alice.with_name("alice_123_hw1"))
    group = Class(tmp_path / "other", plain=False)
    group.add_honest([MATMUL])
    unknown = group.folder / "submissions" / "honest-MatMul-compute"
    unknown.rename(alice.with_name("zoe"))
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name,email\nalice,Alice A.,alice@x.edu\nbob,Bob B.,bob@x.edu\n")
    done = command(alice.parent, "--roster", roster)
    assert done.exit_code == 0, done.output
    found = rows(tmp_path / "out")
    assert list(found) == ["alice", "bob", "zoe"]
    assert [row["status"] for row in found.values()] == ["graded", "missing", "graded"]


def test_submissions_of_one_name_are_kept_apart(
    command: Command, alice: Path, tmp_path: Path
) -> None:
    other = Class(tmp_path / "other", plain=False)
    other.add_honest([MATMUL])
    second = other.folder / "submissions" / "honest-MatMul-compute"
    second = second.rename(second.with_name(alice.name.upper()))
    assert command(alice, second).exit_code == 0
    found = documents(tmp_path / "out")
    assert list(found) == [f"{alice.name.upper()}-2", alice.name]
    first, last = (document["total"]["earned"] for document in found.values())
    assert first < last
