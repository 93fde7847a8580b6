"""What a teacher gives to the command, right and wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attacks.attack import MATMUL
from classroom import Class, documents, needs_isolation, rows
from cli import Command

pytestmark = needs_isolation


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
