"""Faults of the machine and of the grader: they are told, and take no marks."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attacks.attack import MATMUL, Attack, write
from classroom import Class, documents, needs_isolation, rows
from cli import Command

from needle_shared.grading.commands import run
from needle_shared.grading.gate import Gate
from needle_shared.grading.grade import Grader
from needle_shared.grading.sandbox.interface import Bind, SandboxError
from needle_shared.grading.submission.intake import Submission

pytestmark = needs_isolation


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


def test_a_full_disk_is_told(command: Command, alice: Path) -> None:
    def full(*_: object, **__: object) -> None:
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
