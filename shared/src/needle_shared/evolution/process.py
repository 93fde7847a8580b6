"""The parent's side of a cell: a process that answers one request at a time."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, cast

from needle_shared.evolution.cell import CellError, CellMissingError

# Every library that NumPy may multiply with, and OpenMP: the cells are compared on one thread.
_ONE_THREAD = dict.fromkeys(
    (
        "BLIS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)


class CellProcess:
    """A cell in a process of its own, with the problem in `folder`.

    `worker` is the module that serves it, run as a program. The process starts at once and imports
    its stage while the parent goes on, until it asks.
    """

    def __init__(self, worker: str, reference: str, folder: Path, timeout: float) -> None:
        self._timeout = timeout
        # A file, because nobody would empty a pipe: a stage that prints much would stop.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", worker, reference, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
            env={**os.environ, **_ONE_THREAD},
        )
        self._stdin = cast("IO[str]", self._process.stdin)
        self._stdout = cast("IO[str]", self._process.stdout)
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        # A thread, because a pipe cannot be read with a time limit on every system.
        self._reader = threading.Thread(
            target=_forward, args=(self._stdout, self._answers), daemon=True
        )
        self._reader.start()

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Return the answer to a request; raise CellError or CellMissingError if there is none."""
        with contextlib.suppress(OSError):  # the process is gone: the answer will say so
            self._stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._stdin.flush()
        return self._answer(do)

    def _answer(self, to: str) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            self._process.kill()
            reason = f"no answer to {to!r} within {self._timeout:g} s"
            raise CellError(reason, self._printed()) from None
        if not line:
            log = self._printed()
            last = f": {log.splitlines()[-1]}" if log else ""
            raise CellError(_ended(self._process.returncode) + last, log)
        answer: dict[str, Any] = json.loads(line)
        if "missing" in answer:
            raise CellMissingError(answer["missing"])
        if "error" in answer:
            raise CellError(answer["error"], self._printed())
        return answer

    def _printed(self) -> str:
        self._end(grace=5.0)  # first, because the two processes share the position in the file
        self._log.seek(0)
        return self._log.read().strip()

    def _end(self, grace: float) -> None:
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._reader.join(timeout=1.0)
        # A process that the stage forked may still hold the pipe, and closing would wait for it.
        held = self._reader.is_alive()
        for stream in (self._stdin, self._log) if held else (self._stdin, self._stdout, self._log):
            with contextlib.suppress(OSError):  # a request that the process did not live to read
                stream.close()


def _forward(lines: IO[str], answers: queue.SimpleQueue[str]) -> None:
    for line in lines:
        answers.put(line)
    answers.put("")


def _ended(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
