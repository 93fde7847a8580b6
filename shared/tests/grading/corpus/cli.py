"""The command `run` in this process, with a sandbox that fails or is busy when a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from classroom import ROOT
from click.testing import CliRunner, Result

from needle_shared.grading.commands import run
from needle_shared.grading.sandbox.find import find_sandbox
from needle_shared.grading.sandbox.interface import Bind, Limits, Process, Sandbox


class Meddler(Sandbox):
    """A sandbox that works; `before` is called with the number of each start, and adds binds."""

    def __init__(self, before: Callable[[int], Sequence[Bind]]) -> None:
        self.sandbox = find_sandbox()
        self.tier = self.sandbox.tier
        self.before = before
        self.starts = 0

    def describe(self) -> dict[str, Any]:
        return self.sandbox.describe()

    def inside(self, target: str, slot: int = 0) -> str:
        return self.sandbox.inside(target, slot)

    def python(self) -> str:
        return self.sandbox.python()

    def start(
        self,
        command: Sequence[str],
        *,
        binds: Sequence[Bind] = (),
        limits: Limits,
        pipes: Mapping[int, int],
        env: Mapping[str, str],
        slot: int = 0,
    ) -> Process:
        self.starts += 1
        binds = [*binds, *self.before(self.starts)]
        return self.sandbox.start(
            command, binds=binds, limits=limits, pipes=pipes, env=env, slot=slot
        )


class Command:
    """`needle-grade run` with some options for all calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
        self.monkeypatch = monkeypatch
        self.options = options

    def __call__(self, *arguments: str | Path, stage: str = "hw1") -> Result:
        words = [stage, "--root", str(ROOT), *self.options, *map(str, arguments)]
        return CliRunner().invoke(run.command, words)

    def meddle(self, before: Callable[[int], Sequence[Bind]]) -> Meddler:
        """Let the sandbox be one that a test meddles with."""
        meddler = Meddler(before)
        self.monkeypatch.setattr(run, "find_sandbox", lambda tier: meddler)
        return meddler
