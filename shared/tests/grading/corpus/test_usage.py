"""What a teacher gives to the command, right and wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from attacks.attack import MATMUL
from classroom import ONLY, ROOT, Class, documents, needs_isolation, rows
from cli import Command

pytestmark = needs_isolation
NO_TIME: Any = {"phases": {}, "checks": {}}


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
        ([alice, "--only", "nosuchcheck"], "--only nosuchcheck"),
        ([alice, "--out", tmp_path / "file" / "out"], "--out"),
        ([alice, "--out", alice], f"it is {alice}"),
        ([alice, "--out", alice.parent], "holds"),
        ([alice.parent, "--out", alice / "new" / "out"], "lies in"),
        ([ROOT, "--out", tmp_path / "out"], "holds the reference"),
        ([alice, "--jobs", "0"], "--jobs"),
        ([alice, "--root", elsewhere], "elsewhere"),
    ]
    for arguments, message in cases:
        done = command(*arguments)
        assert (done.exit_code, message in done.output) == (2, True), done.output
    assert not (alice / "new").exists()
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


def test_one_of_a_class_is_graded_again(command: Command, alice: Path, tmp_path: Path) -> None:
    for name in ("bob", "zoe"):
        shutil.copytree(alice, alice.with_name(name))
    (alice.with_name("eve.zip")).write_text("Dear teacher")
    roster = tmp_path / "roster.csv"
    roster.write_text("student\nbob\nmia\nzoe\neve\n")
    done = command(alice.parent, "--roster", roster)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    points = str(documents(tmp_path / "out")["bob"]["total"]["points"]).removesuffix(".0")
    assert f"3 graded, 1 missing, 1 invalid, mean {points} of {points}" in lines
    assert f"summary: {tmp_path / 'out' / 'summary.html'}" in lines
    assert {f"bob: {points} of {points}", "eve: cannot be graded"} < set(lines)
    before = rows(tmp_path / "out")
    (alice.with_name("zoe") / "src/needle_hw1/ops/linalg.py").unlink()
    done = command(alice.with_name("zoe"), "--roster", roster)
    assert done.exit_code == 0, done.output
    after = rows(tmp_path / "out")
    assert list(after) == list(before)
    assert after["bob"] == {**before["bob"], "message": "not in this run: an earlier result"}
    assert [row["status"] for row in after.values()] == [row["status"] for row in before.values()]
    assert after["zoe"]["total"] == "0"
    assert "linalg.py" in after["zoe"]["message"]
    done = command(alice.parent, "--roster", roster)
    assert "3 as before, 1 missing, 1 invalid, mean" in done.output


def test_results_of_another_seed_or_stage_are_not_overwritten(
    command: Command, alice: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert command(alice, "--seed", "4711").exit_code == 0
    before = documents(out)
    done = command(alice)
    assert (done.exit_code, documents(out)) == (2, before)
    assert f"the results in {out} are of seed 4711: give --seed 4711, --again or" in done.output
    assert command(alice, "--seed", "4711").exit_code == 0
    path = out / alice.name / "result.json"
    path.write_text(path.read_text().replace('"stage": "hw1"', '"stage": "hw0"', 1))
    done = command(alice, "--seed", "4711")
    assert done.exit_code == 2
    assert f"the results in {out} are of hw0" in done.output
    assert command(alice, "--again").exit_code == 0
    assert documents(out)[alice.name]["record"]["seed"] == 0


def test_results_of_some_checks_are_kept_apart(
    command: Command, alice: Path, tmp_path: Path
) -> None:
    """They took the places of whole ones without a word."""
    out = tmp_path / "out"
    assert command(alice).exit_code == 0
    found = documents(out)[alice.name]
    assert found["record"]["only"] == ONLY[1]
    done = command(alice, "--only", "")
    assert (done.exit_code, f"{out} holds results of --only" in done.output) == (2, True)
    assert "give another --out" in done.output
    del found["record"]["only"]
    (out / alice.name / "result.json").write_text(json.dumps({**found, "timing": NO_TIME}))
    done = command(alice)
    assert (done.exit_code, f"{out} holds results of all checks" in done.output) == (2, True)
    assert "only" not in documents(out)[alice.name]["record"]


def test_results_of_some_checks_have_a_folder_of_their_own(
    monkeypatch: pytest.MonkeyPatch, alice: Path, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = Command(monkeypatch)(alice, *ONLY)
    assert done.exit_code == 0, done.output
    assert list(documents(tmp_path / "grades" / "hw1-only")) == [alice.name]
    assert not (tmp_path / "grades" / "hw1").exists()


def test_for_gradescope_a_path_is_one_submission(
    command: Command, alice: Path, tmp_path: Path
) -> None:
    """Whatever lies beside the folder that wraps the stage."""
    folder = tmp_path / "submission"
    shutil.copytree(alice, folder / "alice-hw1/hw1")
    (folder / "docs").mkdir()
    (folder / "docs/readme.txt").touch()
    done = command(folder, "--gradescope", tmp_path / "results.json")
    assert done.exit_code == 0, done.output
    assert list(documents(tmp_path / "out")) == ["submission"]
    assert json.loads((tmp_path / "results.json").read_text())["score"] > 0
