"""What submissions are laid over: the skeleton of a stage, and its C++ extension, built."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.native.build import Built, build_extension
from needle_shared.grading.native.compiling import BuildLimits
from needle_shared.grading.sandbox.interface import Sandbox
from needle_shared.grading.skeleton.files import skeleton_files


class Skeletons:
    """Makes each skeleton once, and builds identical sources once."""

    def __init__(self, sandbox: Sandbox, cache: Path, limits: BuildLimits | None = None) -> None:
        self._sandbox = sandbox
        self._limits = limits or BuildLimits()
        self._cache = cache
        self._made: dict[str, dict[str, bytes]] = {}
        self._lock = threading.Lock()

    def files(self, assignment: Assignment) -> Mapping[str, bytes]:
        """Return the files of a stage's skeleton, by their names below `hwN/`."""
        with self._lock:
            if assignment.stage not in self._made:
                self._made[assignment.stage] = skeleton_files(assignment)
            return self._made[assignment.stage]

    def build(self, assignment: Assignment, files: Mapping[str, bytes], slot: int = 0) -> Built:
        """Return the built extension of a stage's files."""
        return build_extension(
            assignment,
            files,
            self._sandbox,
            self._cache,
            skeleton=self.files(assignment),
            limits=self._limits,
            slot=slot,
        )
