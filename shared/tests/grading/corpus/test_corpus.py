"""The whole class in one run of the grader: each mark is the one earned, and nothing is left.

As root and as a user without rights. A sandbox of tier A or B is needed.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attack import Attack
from attacks import ALL, LIES
from classroom import Class, honest

from needle_shared.grading.sandbox.find import diagnose

ISOLATED = any(f.works and f.tier in {"A", "B"} for f in diagnose())
pytestmark = pytest.mark.skipif(not ISOLATED, reason="bubblewrap does not work on this machine")
USERS = ["root", "plain user"] if os.geteuid() == 0 else ["plain user"]
# Enough checks to tell what is lost, and few enough to be quick; NEEDLE_CORPUS=full runs them all.
FULL = os.environ.get("NEEDLE_CORPUS") == "full"
OPTIONS = [] if FULL else ["--only", r"forward.*(matmul|tensor\[)", "--check-seconds", "3"]


@pytest.fixture(scope="module", params=USERS)
def graded(request: pytest.FixtureRequest) -> Iterator[Class]:
    folder = Path(tempfile.mkdtemp(prefix="needle-corpus-"))
    folder.chmod(0o755)
    group = Class(folder / "class", plain=request.param != "root" and os.geteuid() == 0)
    group.add(ALL)
    group.add_honest([])
    mounts = Path("/proc/self/mountinfo").read_text()
    done = group.grade(*OPTIONS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    group.mounts = [mounts, Path("/proc/self/mountinfo").read_text()]
    group.said = done.stdout + done.stderr
    yield group
    group.remove()
    folder.rmdir()


def earned(result: dict[str, Any]) -> str:
    assert result["status"] == "graded", result
    return result["total"]["earned"]


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.name)
def test_the_mark_is_the_one_earned(graded: Class, attack: Attack) -> None:
    result = graded.result(attack.name)
    expected = 0 if attack.nothing else earned(graded.result(honest(attack.stubs)))
    assert earned(result) == expected, [c for c in result["checks"] if c["status"] != "passed"][:3]


def test_honest_submissions_differ_as_they_should(graded: Class) -> None:
    everything = graded.result(honest([]))
    assert {check["status"] for check in everything["checks"]} == {"passed"}
    assert 0 < earned(graded.result("honest-MatMul-compute")) < earned(everything)


def test_failures_say_why(graded: Class) -> None:
    for attack in ALL:
        for check in graded.result(attack.name)["checks"]:
            if check["status"] != "passed" and not check["hidden"]:
                assert check["message"], (attack.name, check)


def test_no_process_file_or_mount_is_left(graded: Class) -> None:
    assert graded.left_processes() == []
    assert graded.left_files() == []
    assert graded.mounts[0] == graded.mounts[1]
    assert not Path("/tmp/needle-corpus-pwned").exists()


def test_results_hold_what_the_grader_wrote_and_nothing_else(graded: Class) -> None:
    names = {"feedback.html", "result.json", "results.json", "junit.xml", "log.txt"}
    students = {attack.name for attack in ALL}
    for folder in graded.out.iterdir():
        if folder.is_dir():
            assert {path.name for path in folder.iterdir()} == names
            students.discard(folder.name)
    assert not students
    rows = list(csv.DictReader((graded.out / "gradebook.csv").open(encoding="utf-8")))
    assert {row["status"] for row in rows} == {"graded"}
    assert len(rows) == len(list((graded.folder / "submissions").iterdir()))


def test_nothing_secret_is_told(graded: Class) -> None:
    for path in graded.out.rglob("*"):
        if path.is_file():
            assert b"the-teachers-token" not in path.read_bytes()
    assert "the-teachers-token" not in graded.said


def test_lies_come_of_nothing(graded: Class) -> None:
    assert sum(earned(graded.result(attack.name)) for attack in LIES) == 0
