"""All that is made once for a stage before its submissions are graded."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.cut import without_oracles
from needle_shared.grading.repository import Repository
from needle_shared.grading.runtime import (
    CHECKS,
    EARLIER,
    SUBMISSION,
    copy_extension,
    digest,
    driver_binds,
    open_to_all,
    site_binds,
    write_files,
)
from needle_shared.grading.sandbox.interface import Bind, Sandbox
from needle_shared.grading.temporary import TemporaryFolder, remove_abandoned

Kind = Literal["visible", "hidden"]
KINDS: tuple[Kind, Kind] = ("visible", "hidden")


@dataclass(frozen=True)
class Package:
    """A package as a folder that can be shown to a sandbox: the folder has the package in it."""

    name: str
    folder: Path

    def bind(self, target: str) -> Bind:
        """Return what shows the package below `target`."""
        return Bind(self.folder / self.name, f"{target}/{self.name}")


class Setup:
    """A stage that is ready to be graded; a context, whose folder is removed at the end.

    Nothing of it changes between submissions, so that they can share it.
    """

    def __init__(self, repository: Repository, stage: str, sandbox: Sandbox) -> None:
        self.repository = repository
        self.assignment: Assignment = repository.assignment(stage)
        self.sandbox = sandbox
        remove_abandoned()
        self._temporary = TemporaryFolder()
        self.folder = self._temporary.path
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        self.folder.chmod(0o755)
        stage = self.assignment.stage
        self.earlier_stages = self.repository.needs(stage)
        stages = [*self.earlier_stages, stage]
        required = [name for s in stages for name in self.repository.requirements(s)]
        self.binds = (*driver_binds(), *site_binds(required))
        self.references = {name: self._reference(name) for name in stages}
        sources = self.repository.check_files(stage)
        helpers = self.repository.check_helpers(stage)
        self.check_hash = digest({**sources[0], **sources[1], **helpers})
        for kind, files in zip(KINDS, sources, strict=True):
            cut = {
                name: without_oracles(text.decode(), f"{stage}/checks/{name}").encode()
                for name, text in files.items()
            }
            (self.folder / kind).mkdir()
            write_files(self.folder / kind, {**cut, **helpers})

    def _reference(self, stage: str) -> Package:
        """Return a copy of a stage's reference, with its built extension."""
        assignment = self.repository.assignment(stage)
        folder = self.folder / "reference" / stage
        write_files(folder, self.repository.package_files(stage))
        if assignment.native is not None:
            package = folder / assignment.package
            copy_extension(assignment.package, assignment.native.module, package)
        open_to_all(self.folder / "reference")
        return Package(assignment.package, folder)

    @property
    def reference(self) -> Package:
        """The reference of the graded stage."""
        return self.references[self.assignment.stage]

    def binds_for(
        self, kind: Kind, graded: Package, earlier: Iterable[Package] | None = None
    ) -> tuple[Bind, ...]:
        """Return all that a sandbox sees, with paths relative to its home."""
        if earlier is None:
            earlier = [self.references[stage] for stage in self.earlier_stages]
        return (
            *self.binds,
            *(package.bind(EARLIER) for package in earlier),
            graded.bind(SUBMISSION),
            Bind(self.folder / kind, CHECKS),
        )

    def record(self) -> dict[str, str]:
        """Return versions and hashes: what a result depends on besides the submission."""
        stage = self.assignment.stage
        references = {name: self.repository.package_files(name) for name in self.references}
        total = hashlib.sha256("".join(map(digest, references.values())).encode()).hexdigest()
        return {
            "needle-shared": metadata.version("needle-shared"),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pytest": metadata.version("pytest"),
            "system": f"{platform.system()} {platform.release()}",
            "processor": processor(),
            "reference": total,
            "checks": self.check_hash,
            "stage": stage,
        }

    def close(self) -> None:
        """Remove the folder."""
        self._temporary.close()

    def __enter__(self) -> Setup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def processor() -> str:
    """Return the name of the processor."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
