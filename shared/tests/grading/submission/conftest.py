"""A small stage, and archives of any content."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from needle_shared.grading.assignment import read_assignment
from needle_shared.grading.submission.intake import read_submission

ASSIGNMENT = """
stage = "hw7"
package = "needle_hw7"
title = "Arrays"
earlier = ["hw6"]
new_files = ["src/needle_hw7/**/*.py", "csrc/**/*.h"]
native = {module = "_cpu"}

[[questions]]
id = "forward"
title = "Forward"
symbols = ["src/needle_hw7/ops/linalg.py::matmul", "csrc/matmul.cpp::matmul"]
"""
EARLIER = """
stage = "hw6"
package = "needle_hw6"
title = "Before"

[[questions]]
id = "first"
title = "First"
symbols = ["src/needle_hw6/first.py::first"]
"""
REFERENCE = {
    "src/needle_hw7/__init__.py": b"",
    "src/needle_hw7/ops/__init__.py": b"",
    "src/needle_hw7/ops/linalg.py": b"def matmul(a, b):\n    return a @ b\n",
    "src/needle_hw7/tensor.py": b"class Tensor:\n    pass\n",
    "src/needle_hw7/Capital.py": b"",
    "csrc/matmul.cpp": b"void matmul() { }\n",
    "csrc/pack.h": b"#pragma once\n",
    "csrc/windows.h": b"#pragma once\r\n",
    "checks/conftest.py": b"import pytest\n",
    "README.md": b"# hw7\n",
}
LINALG = "src/needle_hw7/ops/linalg.py"
MATMUL = "csrc/matmul.cpp"
MINE = {LINALG: b"def matmul(a, b):\n    return b @ a\n", MATMUL: b"// mine\n"}


def write(folder: Path, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def assignment(tmp_path):
    folder = write(tmp_path / "reference" / "hw7", REFERENCE)
    (folder / "assignment.toml").write_text(ASSIGNMENT)
    return read_assignment(folder)


@pytest.fixture
def earlier(tmp_path):
    folder = write(tmp_path / "reference" / "hw6", {"src/needle_hw6/first.py": b"1\n"})
    (folder / "assignment.toml").write_text(EARLIER)
    return read_assignment(folder)


class Maker:
    """Writes what is handed in: `files` are names and bytes, or TarInfo or ZipInfo and bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def folder(self, files, name="alice"):
        return write(self._folder / name, dict(files))

    def zip(self, files, name="alice.zip", method=zipfile.ZIP_DEFLATED):
        path = self._folder / name
        with zipfile.ZipFile(path, "w", method) as archive:
            for info, content in _pairs(files):
                archive.writestr(info, content)
        return path

    def tar(self, files, name="alice.tar.gz", **settings):
        path = self._folder / name
        with tarfile.open(path, "w:gz" if name.endswith("gz") else "w", **settings) as archive:
            for info, content in _pairs(files):
                archive.addfile(_tar_info(info, content), io.BytesIO(content))
        return path

    def raw(self, content, name="alice.zip"):
        path = self._folder / name
        path.write_bytes(content)
        return path

    def gz(self, content, name="alice.tar.gz"):
        return self.raw(gzip.compress(content), name)


def _tar_info(info, content):
    if isinstance(info, str):
        info = tarfile.TarInfo(info)
        info.size = len(content)
    return info


def _pairs(files):
    return files.items() if isinstance(files, dict) else files


@pytest.fixture
def make(tmp_path):
    return Maker(tmp_path / "in")


@pytest.fixture
def read(assignment):
    """Return what is read of a path for the small stage."""

    def read(path, earlier=(), limits=None):
        return read_submission(path, assignment, earlier, limits)

    return read


@pytest.fixture(params=["folder", "zip", "tar"])
def handed_in(request, make, read):
    """Return a function that hands files in, as each kind of submission."""
    return lambda files, **settings: read(getattr(make, request.param)(files), **settings)
