"""What the sandbox has besides the submission: a few distributions and the earlier stages.

The environment of the grader is not mounted as it is: it may hold the reference of the stage that
is graded, and later ones.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import shutil
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

import needle_shared
from needle_shared.grading import inside
from needle_shared.grading.sandbox.interface import Bind

TOOLS = ("numpy", "pytest")
DRIVER, SITE, EARLIER, SUBMISSION, CHECKS = "driver", "site", "earlier", "submission", "checks"


class MissingPackageError(RuntimeError):
    """A package that grading needs is not installed."""


def distributions(names: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Return distributions and all that they require."""
    found: dict[str, metadata.Distribution] = {}
    todo = list(names)
    while todo:
        name = todo.pop()
        key = name.lower().replace("_", "-")
        if key in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise MissingPackageError(f"{name} is not installed, but is needed to grade") from None
        found[key] = distribution
        for line in distribution.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(requirement.name)
    return dict(sorted(found.items()))


def site_binds(requirements: Iterable[str]) -> list[Bind]:
    """Return what shows pytest, NumPy and other distributions in the folder `site`."""
    wanted = [*TOOLS, *requirements]
    binds: dict[str, Bind] = {}
    for distribution in distributions(wanted).values():
        for file in distribution.files or []:
            top = file.parts[0]
            if top in {"..", "__pycache__"} or top.endswith((".pth", ".virtualenv")):
                continue
            path = Path(str(distribution.locate_file(PurePosixPath(top))))
            binds.setdefault(top, Bind(path, f"{SITE}/{top}"))
    return list(binds.values())


def driver_binds() -> list[Bind]:
    """Return what shows the driver in the folder `driver`: of this package, nothing else."""
    package = Path(str(needle_shared.__file__)).parent
    folder = Path(str(inside.__file__)).parent
    names = ["__init__.py", "grading/__init__.py", *_python_files(folder, "grading/inside")]
    return [Bind(package / name, f"{DRIVER}/needle_shared/{name}") for name in names]


def _python_files(folder: Path, prefix: str) -> list[str]:
    return [f"{prefix}/{path.name}" for path in sorted(folder.glob("*.py"))]


def module_of(package: str, name: str) -> Path | None:
    """Return the built extension module of an installed package, or None if it has none."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise MissingPackageError(f"{package} is not installed, but is needed to grade")
    found = importlib.util.find_spec(f"{package}.{name}")
    if found is None or found.origin is None:
        return None
    return Path(found.origin)


def extension_file(name: str) -> str:
    """Return the file name of an extension module for this Python."""
    return f"{name}{importlib.machinery.EXTENSION_SUFFIXES[0]}"


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write files with relative names, readable by everyone."""
    for name, content in sorted(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    open_to_all(folder)


def open_to_all(folder: Path) -> None:
    """Let every account read a folder: the sandbox may run as another one."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def copy_extension(package: str, module: str, folder: Path) -> None:
    """Copy the reference's built extension into a copy of its package."""
    built = module_of(package, module)
    if built is None:
        raise MissingPackageError(f"{package} is installed without its extension {module}")
    shutil.copyfile(built, folder / extension_file(module))


def digest(files: dict[str, bytes]) -> str:
    """Return a hash of names and contents."""
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{len(name)}:{len(content)}:{name}".encode())
        total.update(content)
    return total.hexdigest()
