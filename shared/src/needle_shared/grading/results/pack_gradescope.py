"""The autograder of a stage for Gradescope: a zip file to upload there.

It holds the reference and the hidden checks of the stage: it is for teachers alone.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from needle_shared.atomic import write_atomically
from needle_shared.grading.repository import Repository

LIMIT = 9 * 60  # seconds: below Gradescope's ten minutes, after which it keeps no result
_LEFT_OUT = {"tests", "parity", "build", "dist", "node_modules"}
_BUILT = {".so", ".pyd", ".dll", ".pyc", ".o"}
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that zip files know; equal content gives equal bytes


def pack(root: Path, stage: str, out_zip: Path, *, seed: int = 0, limit: int = LIMIT) -> list[str]:
    """Write the autograder of `stage` and return the names of the files in it.

    `root` is the repository. A submission is stopped after `limit` seconds, its build included.
    Raise RepositoryError for an unknown stage and AssignmentError for a wrong assignment.toml.
    """
    repository = Repository(root)
    repository.assignment(stage)
    stages = sorted({*repository.needs(stage), stage})
    settings = {
        "@STAGE@": stage,
        "@SEED@": str(int(seed)),
        "@SECONDS@": str(int(limit)),
        "@PACKAGES@": " ".join(['"./shared[grading,sandbox]"', *(f"./{name}" for name in stages)]),
    }
    content = {name: (_script(name, settings), 0o755) for name in ("run_autograder", "setup.sh")}
    for path in _files(repository.root, ["shared", *stages]):
        name = f"needle/{path.relative_to(repository.root).as_posix()}"
        content[name] = (path.read_bytes(), 0o644)
    write_atomically(out_zip, _zip(content))
    return sorted(content)


def _script(name: str, settings: dict[str, str]) -> bytes:
    folder = files("needle_shared.grading.results") / "autograder"
    text = (folder / name).read_text(encoding="utf-8")
    for key, value in settings.items():
        text = text.replace(key, value)
    return text.encode()


def _files(root: Path, folders: list[str]) -> Iterator[Path]:
    """Yield what the packages are built from; git knows which files are no leftovers."""
    for path in sorted({*_candidates(root, folders), root / "LICENSE"}):
        parts = path.relative_to(root).parts
        is_left_out = any(part in _LEFT_OUT or part[0] == "." for part in parts[:-1])
        is_file = path.is_file() and not path.is_symlink()
        if is_file and not is_left_out and path.suffix not in _BUILT:
            yield path


def _candidates(root: Path, folders: list[str]) -> Iterator[Path]:
    git = shutil.which("git")
    if git is not None and (root / ".git").exists():
        listing = subprocess.run(  # noqa: S603 -- no shell, and names of this repository
            [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders],
            cwd=root,
            check=True,
            capture_output=True,
        )
        yield from (root / name for name in listing.stdout.decode().split("\0") if name)
        return
    for folder in folders:
        yield from (p for p in (root / folder).rglob("*") if "__pycache__" not in p.parts)


def _zip(content: dict[str, tuple[bytes, int]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content):
            data, mode = content[name]
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3  # Unix, so that the mode counts
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return file.getvalue()
