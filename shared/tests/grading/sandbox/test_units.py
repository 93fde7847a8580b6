"""Parts of the sandbox alone, where this machine does not have what they are for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from needle_shared.grading.sandbox import cgroup
from needle_shared.grading.sandbox.bubblewrap import Bubblewrap, find_bwrap
from needle_shared.grading.sandbox.interface import Limits, SandboxError
from needle_shared.grading.sandbox.leftovers import remove_abandoned
from needle_shared.grading.sandbox.limits import nproc, prlimit
from needle_shared.grading.sandbox.process import Log
from needle_shared.grading.sandbox.remedies import remedy_for


@pytest.mark.parametrize("size", [0, 1, 3, 10, 100])
@pytest.mark.parametrize("chunks", [[], ["abc"], ["a", "bcd", "", "efghij", "k"], ["x" * 50, "y"]])
def test_log(size: int, chunks: list[str]) -> None:
    log = Log(size)
    for chunk in chunks:
        log.add(chunk.encode())
    everything = "".join(chunks)
    assert log.last().decode() == everything[max(0, len(everything) - size) :]
    assert log.total == len(everything)
    assert log.full == (len(everything) > size)


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like one of control groups; rmdir works on groups with files in them."""
    monkeypatch.setattr(Path, "rmdir", shutil.rmtree)
    for folder in (tmp_path, tmp_path / "user", tmp_path / "user/session"):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.procs").touch()
        (folder / "cgroup.subtree_control").write_text("cpu\n")
    (tmp_path / "user/cgroup.subtree_control").write_text("cpu memory pids\n")
    return tmp_path


def test_the_nearest_folder_of_groups(groups: Path) -> None:
    assert cgroup.nearest(groups, "/user/session") == groups / "user"
    assert cgroup.nearest(groups, "/user") == groups / "user"
    for own in ("/", "/../elsewhere", "/missing"):
        with pytest.raises(SandboxError, match="memory and pids"):
            cgroup.nearest(groups, own)
    (groups / "user/cgroup.subtree_control").write_text("cpu memory\n")
    with pytest.raises(SandboxError, match="memory and pids"):
        cgroup.nearest(groups, "/user/session")


def test_a_group(groups: Path) -> None:
    group = cgroup.Group(groups, Limits(memory=1000, processes=7))
    written = {path.name: path.read_text() for path in group.path.iterdir()}
    assert written["memory.max"] == "1000\n"
    assert int(written["pids.max"]) >= 7
    assert written["memory.swap.max"] == "0\n"
    assert group.exceeded() is None
    (group.path / "memory.events").write_text("low 0\noom 3\noom_kill 0\n")
    assert group.exceeded() is None
    (group.path / "memory.events").write_text("low 0\noom 3\noom_kill 1\n")
    assert group.exceeded() == "memory"
    group.kill()
    assert (group.path / "cgroup.kill").read_text() == "1\n"
    group.remove()
    assert not group.path.exists()
    group.remove()


def test_a_group_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"no control group in .*missing"):
        cgroup.Group(tmp_path / "missing", Limits())


def test_tier_a_joins_before_it_starts(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bwrap = find_bwrap()
    if bwrap is None:
        pytest.skip("bubblewrap is missing")
    joined: list[str] = []
    remove = cgroup.Group.remove

    def note_and_remove(group: cgroup.Group, seconds: float = 2.0) -> None:
        joined.append((group.path / "cgroup.procs").read_text())
        remove(group, seconds)

    monkeypatch.setattr(cgroup.Group, "remove", note_and_remove)
    sandbox = Bubblewrap(bwrap, groups=groups, nesting_forbidden=False)
    assert sandbox.tier == "A"
    assert sandbox.describe()["memory"] == "control group"
    try:
        process = sandbox.start(["/bin/sleep", "60"], limits=Limits(), pipes={}, env={})
    except SandboxError as error:
        pytest.skip(str(error))
    with process:
        (group,) = groups.glob("needle-*")
        (group / "memory.events").write_text("oom_kill 1\n")
        assert process.wait(5) == -9
    assert process.killed_for == "memory"
    assert joined == ["0\n"]
    assert list(groups.glob("needle-*")) == []
    with pytest.raises(SandboxError, match="/no/such"):
        Bubblewrap(Path("/no/such/bwrap"), groups=groups).start(
            ["/bin/true"], limits=Limits(), pipes={}, env={}
        )
    assert list(groups.glob("needle-*")) == []


def test_what_killed_graders_left(tmp_path: Path) -> None:
    names = [f"needle-{os.getpid()}-a", "needle-99999999-b", "needle-x-c", "other-99999999-d"]
    for name in names:
        (tmp_path / name / "folder").mkdir(parents=True)
        (tmp_path / name / "folder/file").touch()
        (tmp_path / name / "link").symlink_to(tmp_path / "other-99999999-d")
    remove_abandoned(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names) - {"needle-99999999-b"}
    assert (tmp_path / "other-99999999-d/folder/file").exists()


def test_limits_that_are_lower_already_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(open_files=100, processes=5)
    assert {"--nofile=100", "--core=0"} <= set(prlimit("prlimit", limits))
    assert nproc("prlimit", limits, 2) == ["prlimit", "--nproc=7"]
    monkeypatch.setattr("resource.getrlimit", lambda _: (10, 50))
    assert "--nofile=50" in prlimit("prlimit", limits)
    assert nproc("prlimit", limits, 1000) == ["prlimit", "--nproc=50"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "Ubuntu 24.04"),
        ("bwrap: setting up uid map: Permission denied", "Ubuntu 24.04"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "docker run"),
        (
            "bwrap: No permissions to create new namespace, likely because ...",
            "unprivileged_userns",
        ),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths"),
        ("the program setpriv of util-linux is missing", "util-linux"),
    ],
)
def test_remedies(message: str, words: str) -> None:
    assert words in remedy_for(message)
    assert remedy_for("something else") == ""
