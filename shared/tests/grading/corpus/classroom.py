"""A class of hostile, broken and honest submissions, graded by the command as a teacher would."""

from __future__ import annotations

import contextlib
import csv
import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from archives import Packed
from attacks.attack import Attack, Files, write
from plain_user import NOBODY, as_nobody

import needle_shared
from needle_shared.grading.assignment import read_assignment
from needle_shared.grading.sandbox.find import diagnose
from needle_shared.grading.skeleton.files import reference_files, skeleton_files
from needle_shared.grading.skeleton.stubs import stub

ROOT = Path(__file__).parents[4]
needs_isolation = pytest.mark.skipif(
    not any(found.works and found.tier in {"A", "B"} for found in diagnose()),
    reason="bubblewrap does not work on this machine",
)
TOKEN = "the-teachers-token"
ONLY = ["--only", r"forward.*matmul"]


_OTHERS: set[int] = set()  # children of this process that no grader left: of other tests


def adopt_orphans() -> None:
    """Become the parent of all processes below this one that lose theirs from now on."""
    PR_SET_CHILD_SUBREAPER = 36
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    _OTHERS.clear()
    _OTHERS.update(_children())


def children_left() -> list[str]:
    """Return the children of this process that have not ended and were not there before."""
    return [name for pid, name in _children().items() if pid not in _OTHERS]


def _children() -> dict[int, str]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            before, _, after = path.read_text(errors="replace").rpartition(")")
            state, parent = after.split()[:2]
            if int(parent) == os.getpid() and state not in "ZX":
                found[int(path.parent.name)] = before
    return found


def honest(stubs: Sequence[str]) -> str:
    """Return the name of the honest submission that lacks some symbols."""
    return "-".join(["honest", *(name.rpartition("::")[2].replace(".", "-") for name in stubs)])


@dataclass
class Class:
    """A class in a folder of its own, to be graded again and again."""

    folder: Path
    plain: bool
    stage: str = "hw1"
    said: str = ""
    mounts: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("submissions", "tmp", "home"):
            (self.folder / name).mkdir(parents=True)
        assignment = read_assignment(ROOT / self.stage)
        self.perfect: Files = reference_files(assignment)
        self.skeleton: Files = skeleton_files(assignment)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def add(self, attacks: Sequence[Attack]) -> None:
        for attack in attacks:
            files = attack.files(self.perfect, self.skeleton)
            write(files, self.folder / "submissions" / attack.name)
            self.add_honest(attack.stubs)

    def add_packed(self, packed: Sequence[Packed]) -> None:
        for item in packed:
            item.make(self.folder / "submissions" / item.name, self.perfect)

    def add_honest(self, stubs: Sequence[str]) -> None:
        files = dict(self.perfect)
        for symbol in stubs:
            file, _, name = symbol.partition("::")
            files[file] = stub(file, files[file].decode(), [name], self.stage).encode()
        write(files, self.folder / "submissions" / honest(stubs))

    def command(self, *options: str) -> tuple[list[str], dict[str, str]]:
        """Return the command that grades the class, and its environment."""
        command = [sys.executable, "-m", "needle_shared.grading", "run", self.stage]
        command += [str(self.folder / "submissions"), "--out", str(self.out), "--root", str(ROOT)]
        command += ["--jobs", "2", *options]
        env = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder / "tmp"),
            "HOME": str(self.folder / "home"),
            "TEACHER_TOKEN": TOKEN,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.plain:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.lchown(path, NOBODY, NOBODY)
            needed = {Path(sys.prefix), Path(sys.base_prefix), ROOT, self.folder}
            needed |= {Path(needle_shared.__file__).parents[2]}
            holds = self.folder.parent / f"{self.folder.name}-holds"
            holds.mkdir(exist_ok=True)
            command = as_nobody(command, sorted(p.resolve() for p in needed), holds)
        return command, env

    def grade(self, *options: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        command, env = self.command(*options)
        adopt_orphans()
        return subprocess.run(
            command,
            env=env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def result(self, name: str) -> dict[str, Any]:
        return json.loads((self.out / name / "result.json").read_text())

    def left_processes(self) -> list[str]:
        """Return what still runs of the grader."""
        return children_left()

    def left_files(self) -> list[str]:
        return sorted(p.name for p in (self.folder / "tmp").iterdir())

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.folder.parent / f"{self.folder.name}-holds", ignore_errors=True)


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
