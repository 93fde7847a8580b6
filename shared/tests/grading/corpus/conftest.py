from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from needle_shared.grading import run_checks

sys.path.insert(0, str(Path(__file__).parent))

from classroom import ONLY, Class, honest
from cli import Command


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let Ctrl-C reach what a test starts: shells start their background jobs without it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def group() -> Iterator[Class]:
    folder = Path(tempfile.mkdtemp(prefix="needle-class-"))
    folder.chmod(0o755)
    group = Class(folder / "class", plain=False)
    yield group
    group.remove()
    folder.rmdir()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setattr(run_checks, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    return Command(monkeypatch, "--out", str(tmp_path / "out"), *ONLY)


@pytest.fixture
def alice(group: Class) -> Path:
    group.add_honest([])
    return group.folder / "submissions" / honest([])
