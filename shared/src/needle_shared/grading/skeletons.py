"""What submissions are laid over: the skeleton of a stage, and its C++ extension, built."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

from needle_shared.atomic import write_atomically
from needle_shared.grading import skeleton
from needle_shared.grading.assignment import Assignment
from needle_shared.grading.native.build import Built, build_extension
from needle_shared.grading.native.compiling import BuildLimits
from needle_shared.grading.runtime import digest
from needle_shared.grading.sandbox.interface import Sandbox
from needle_shared.grading.skeleton.files import reference_files, with_stubs


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
                self._made[assignment.stage] = self._kept(assignment)
            return self._made[assignment.stage]

    def _kept(self, assignment: Assignment) -> dict[str, bytes]:
        """Return the skeleton from the cache, or make and keep it."""
        reference = reference_files(assignment)
        makers = {
            f"maker/{p.name}": p.read_bytes() for p in Path(skeleton.__path__[0]).glob("*.py")
        }
        symbols = "\n".join(map(str, assignment.symbols)).encode()
        key = digest({**reference, **makers, "symbols": symbols})
        path = self._cache / "skeletons" / f"{key}.zip"
        try:
            with zipfile.ZipFile(path) as archive:
                return {name: archive.read(name) for name in archive.namelist()}
        except (OSError, zipfile.BadZipFile):
            made = with_stubs(assignment, reference)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in made.items():
                archive.writestr(name, content)
        write_atomically(path, packed.getvalue())
        return made

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
