"""Whole classes in one run of the grader each: every mark is the one earned, and nothing is left.

As root and as a user without rights. A sandbox of tier A or B is needed.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from archives import OUTSIDE, PACKED
from attacks import ATTACKS
from attacks.attack import Attack
from attacks.lies import LIES
from attacks.native import NATIVE
from classroom import TOKEN, Class, honest, needs_isolation

pytestmark = needs_isolation
USERS = ["root", "plain user"] if os.geteuid() == 0 else ["plain user"]
ATTACKS_ON: dict[str, Sequence[Attack]] = {"hw1": ATTACKS, "hw0": NATIVE}
# Builds take most of the time, and are the same for all users: another one has them in full runs.
FULL = os.environ.get("NEEDLE_CORPUS") == "full"
GRADED = [
    (u, stage) for stage in ATTACKS_ON for u in (USERS if FULL or stage == "hw1" else USERS[:1])
]
# Enough checks to tell what is lost, and few enough to be quick; NEEDLE_CORPUS=full runs them all.
# Of what multiplies matrices, one visible check and one hidden: a loop takes its time in each.
CHOSEN = {
    "hw1": r"forward.*(one_tensor|matmul\[(matrices|vector on the left))",
    "hw0": r"test_cpp.*(one batch|last)|softmax_loss",
}


@pytest.fixture(
    scope="module",
    params=GRADED,
    ids=lambda param: f"{param[0]}, {param[1]}",
)
def graded(request: pytest.FixtureRequest) -> Iterator[Class]:
    user, stage = request.param
    folder = Path(tempfile.mkdtemp(prefix="needle-corpus-"))
    folder.chmod(0o755)
    group = Class(folder / "class", plain=user != "root" and os.geteuid() == 0, stage=stage)
    try:
        group.add(ATTACKS_ON[stage])
        group.add_honest([])
        if stage == "hw1":
            group.add_packed(PACKED)
        mounts = Path("/proc/self/mountinfo").read_text()
        quick = ["--only", CHOSEN[stage], "--check-seconds", "2", "--build-seconds", "60"]
        done = group.grade(*([] if FULL else quick), timeout=7200 if FULL else 1800)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        group.mounts = [mounts, Path("/proc/self/mountinfo").read_text()]
        group.said = done.stdout + done.stderr
        yield group
    finally:
        group.remove()
        folder.rmdir()


def earned(result: dict[str, Any]) -> float:
    assert result["status"] == "graded", result
    return float(result["total"]["earned"])


def test_the_mark_is_the_one_earned(graded: Class) -> None:
    wrong = {}
    for attack in ATTACKS_ON[graded.stage]:
        result = graded.result(attack.name)
        expected = 0 if attack.nothing else earned(graded.result(honest(attack.stubs)))
        mark = earned(result)
        if not (mark <= expected if attack.at_most else mark == expected):
            lost = [c for c in result["checks"] if c["status"] != "passed"]
            wrong[attack.name] = mark, expected, result["notes"], lost[:2]
    assert not wrong


def test_archives_are_graded_or_say_why_not(graded: Class) -> None:
    if graded.stage != "hw1":
        pytest.skip("the archives are of hw1")
    everything = earned(graded.result(honest([])))
    for packed in PACKED:
        result = graded.result(packed.student)
        if packed.expected == "invalid":
            assert result["status"] == "invalid", packed
            assert len(result["message"]) > 20, packed
            assert result["total"]["earned"] == 0
        else:
            assert (earned(result) == everything) == (packed.expected == "perfect"), packed
    places = [graded.folder, *graded.folder.parents, graded.folder / "submissions"]
    assert not [place for place in places if (place / OUTSIDE).exists()]


def test_honest_submissions_differ_as_they_should(graded: Class) -> None:
    everything = graded.result(honest([]))
    assert {check["status"] for check in everything["checks"]} == {"passed"}
    less = {attack.stubs for attack in ATTACKS_ON[graded.stage] if attack.stubs}
    for stubs in less:
        assert 0 < earned(graded.result(honest(stubs))) < earned(everything)


def test_failures_say_why(graded: Class) -> None:
    for attack in ATTACKS_ON[graded.stage]:
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
    students = {attack.name for attack in ATTACKS_ON[graded.stage]}
    for folder in graded.out.iterdir():
        if folder.is_dir():
            assert {path.name for path in folder.iterdir()} == names
            students.discard(folder.name)
    assert not students
    with (graded.out / "gradebook.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    packed = [p for p in PACKED if graded.stage == "hw1" and p.expected == "invalid"]
    assert [row["status"] for row in rows].count("invalid") == len(packed)
    assert {row["status"] for row in rows} <= {"graded", "invalid"}
    assert len(rows) == len(list((graded.folder / "submissions").iterdir()))


def test_nothing_secret_is_told(graded: Class) -> None:
    secrets = [TOKEN.encode()]
    if os.geteuid() == 0:
        secrets += [line for line in Path("/etc/shadow").read_bytes().split(b"\n")[:1] if line]
    for path in graded.out.rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert not [secret for secret in secrets if secret in text], path
    assert TOKEN not in graded.said


def test_lies_come_of_nothing(graded: Class) -> None:
    if graded.stage == "hw1":
        assert sum(earned(graded.result(attack.name)) for attack in LIES) == 0
