"""One process in the sandbox, and the conversation with it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

from needle_shared.grading.channel import (
    Channel,
    ChannelError,
    ClosedError,
    TooLargeError,
    record_of,
    text,
)
from needle_shared.grading.inside.frames import ANSWERS, REQUESTS
from needle_shared.grading.inside.records import Record
from needle_shared.grading.runtime import CHECKS, DRIVER, EARLIER, SITE, SUBMISSION
from needle_shared.grading.sandbox.interface import Bind, Limits, Process, Sandbox

MIB = 1 << 20
LIMITS = Limits(
    memory=2048 * MIB,
    address_space=4096 * MIB,
    processes=64,
    file_size=64 * MIB,
    cpu_seconds=600,
    scratch=128 * MIB,
    open_files=256,
    log=64 << 10,
)
START_SECONDS = 30.0  # to start Python, import NumPy and pytest, and collect the checks
IMPORT_SECONDS = 20.0
_MOST_RECORDS = 16  # more than the reference has
_SPARE_BYTES = 1 * MIB
_HOME = "/needle"

# What `python -I -S` runs: isolated from the environment, without site-packages.
_START = (
    "import runpy, sys; sys.path[:0] = sys.argv[2:]; del sys.argv[2:]; "
    "runpy.run_module('needle_shared.grading.inside', run_name='__main__', alter_sys=True)"
)

Ending = Literal["ok", "error", "timeout", "crash", "protocol"]


class StartError(Exception):
    """The sandbox did not come to import the submission: that is not the submission's fault."""


class UnusableError(Exception):
    """The submission cannot be imported."""

    def __init__(self, status: Ending, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.detail = status, message, detail


class BrokenError(Exception):
    """Files of the submission do not compile."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(str(files))
        self.files = files


@dataclass(frozen=True)
class Job:
    """What a sandbox is made of: binds relative to its home, and the driver's settings."""

    package: str
    seed: int
    binds: tuple[Bind, ...]
    sources: tuple[str, ...] = ()
    limits: Limits = LIMITS
    slot: int = 0


@dataclass
class Lap:
    """Times in seconds of the repetitions of a timed call, and what share of points they earn."""

    seconds: list[float] = field(default_factory=list)
    ratio: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """How a check ended in the sandbox, and what it recorded."""

    status: Ending
    records: tuple[Record, ...] = ()
    message: str = ""
    detail: str = ""
    seconds: float = 0.0
    lap: Lap | None = None
    rival: Lap | None = None  # of the reference, which took turns with it


Between = Callable[[], None]


class Session:
    """A sandbox that runs checks, one after the other; `listed` is what the checks declare."""

    def __init__(self, sandbox: Sandbox, job: Job) -> None:
        self._job = job
        self._cleanup = contextlib.ExitStack()
        self.listed: list[dict[str, Any]] = []
        self.ended = False
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            requests, self._requests = os.pipe()
            stack.callback(os.close, requests)
            self._cleanup.callback(os.close, self._requests)
            answers, written = os.pipe()
            stack.callback(os.close, written)
            self._cleanup.callback(os.close, answers)
            self._channel = Channel(answers)
            binds = [Bind(bind.source, f"{_HOME}/{bind.target}") for bind in job.binds]
            try:
                self.process: Process = sandbox.start(
                    self._command(sandbox),
                    binds=binds,
                    limits=job.limits,
                    pipes={REQUESTS: requests, ANSWERS: written},
                    env={
                        "OPENBLAS_NUM_THREADS": "1",
                        "OMP_NUM_THREADS": "1",
                        "NEEDLE_NUM_THREADS": "1",
                        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                        "PYTHONDONTWRITEBYTECODE": "1",
                    },
                    slot=job.slot,
                )
            except BaseException:
                self._cleanup.close()
                raise
        try:
            self._begin(started)
        except BaseException:
            self.close()
            raise

    def _command(self, sandbox: Sandbox) -> list[str]:
        def inside(target: str) -> str:
            return sandbox.inside(f"{_HOME}/{target}", self._job.slot)

        settings = {
            "package": self._job.package,
            "seed": self._job.seed,
            "checks": inside(CHECKS),
            "paths": [inside(SUBMISSION), inside(EARLIER)],
            "sources": list(self._job.sources),
        }
        options = ["-I", "-S", "-X", "faulthandler", "-c", _START, json.dumps(settings)]
        return [sandbox.python(), *options, inside(DRIVER), inside(SITE)]

    def _begin(self, started: float) -> None:
        try:
            header, _ = self._channel.frame(started + START_SECONDS, 0)
        except (TimeoutError, ClosedError, ChannelError, TooLargeError) as error:
            time.sleep(0.05)  # the log comes through another pipe
            log = self.process.log()[-2000:].decode(errors="replace")
            raise StartError(f"{type(error).__name__}: the sandbox did not start\n{log}") from None
        self.listed = header.get("checks", [])
        try:
            header, _ = self._channel.frame(time.monotonic() + IMPORT_SECONDS, 0)
        except TimeoutError:
            raise UnusableError(
                "timeout", f"importing the package took longer than {IMPORT_SECONDS:g} s"
            ) from None
        except ClosedError:
            raise UnusableError("crash", self._death("while the package was imported")) from None
        except (ChannelError, TooLargeError) as error:
            raise UnusableError("protocol", _no_answer(error)) from None
        match header["event"]:
            case "ready":
                return
            case "broken":
                files = header.get("files")
                known = {} if not isinstance(files, dict) else files
                names = [name for name in self._job.sources if name in known]
                raise BrokenError({name: text(known[name], 300) for name in names})
            case "unusable":
                raise UnusableError(
                    "error",
                    f"the package cannot be imported: {text(header.get('message'), 1500)}",
                    text(header.get("detail"), 8000),
                )
        raise UnusableError("protocol", _no_answer(None))

    def run(
        self, check: str, seconds: float, expected: Outcome | None = None, between: Between | None = None
    ) -> Outcome:
        """Run a check for at most `seconds`; `expected` bounds what it may send.

        `between` is called between the repetitions of a timed call. The session has ended after
        all but "ok" and "error".
        """
        started = time.monotonic()
        budget = _Budget(expected)
        records: list[Record] = []
        lap: Lap | None = None
        try:
            os.write(self._requests, json.dumps({"run": check}).encode() + b"\n")
            while True:
                header, payload = self._channel.frame(started + seconds, budget.bytes)
                if header.get("check") != check:
                    raise ChannelError("an answer for a check that was not asked for")
                match header["event"]:
                    case "value":
                        records.append(record_of(header, payload))
                        budget.spend(len(payload), len(records))
                    case "lap":
                        if between is not None:
                            between()
                        lap = lap or Lap()
                        lap.ratio = _ratio(header.get("ratio"))
                        os.write(self._requests, b"go\n")
                        begun = time.monotonic()
                        header, payload = self._channel.frame(started + seconds, 0)
                        if header["event"] == "lapped":
                            lap.seconds.append(time.monotonic() - begun)
                        else:
                            raise ChannelError("no end of a timed call")
                    case "end":
                        status = header.get("status")
                        if status not in {"ok", "error"}:
                            raise ChannelError("an end of an unknown kind")
                        return Outcome(
                            "ok" if status == "ok" else "error",
                            tuple(records),
                            text(header.get("message"), 1500),
                            text(header.get("detail"), 8000),
                            time.monotonic() - started,
                            lap,
                        )
                    case _:
                        raise ChannelError("an unknown event")
        except TimeoutError:
            return self._failed("timeout", f"no answer in {seconds:g} s", started)
        except (ClosedError, BrokenPipeError):
            return self._failed("crash", self._death("in this check"), started)
        except TooLargeError as error:
            what = f"{error.name}: " if error.name else ""
            shape = f"shape {error.shape}, " if error.shape is not None else ""
            return self._failed(
                "protocol", f"{what}{shape}{error.size} bytes, far more than expected", started
            )
        except ChannelError as error:
            return self._failed("protocol", _no_answer(error), started)

    def _failed(self, status: Ending, message: str, started: float) -> Outcome:
        self.close()
        return Outcome(status, (), message, "", time.monotonic() - started)

    def _death(self, when: str) -> str:
        """Return how the process ended, in a sentence."""
        code = self.process.wait(timeout=1.0)
        if self.process.killed_for:
            return f"the process used too much {self.process.killed_for} {when}"
        if code is None:
            return f"the process closed its channel to the grader {when}"
        return f"the process ended {when} ({_code(code)})"

    def log(self) -> str:
        """Return the end of what the submission printed."""
        return self.process.log().decode(errors="replace")

    def close(self) -> None:
        """End the sandbox and all that runs in it."""
        if not self.ended:
            self.ended = True
            self.process.kill()
            self._cleanup.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Budget:
    """How much a check may send: what the reference sent, and some more."""

    def __init__(self, expected: Outcome | None) -> None:
        if expected is None:
            self.bytes, self._records = 1 << 30, 10_000
            return
        sizes = [record.value.nbytes for record in expected.records if record.how == "close"]
        self.bytes = 2 * sum(sizes) + _SPARE_BYTES
        self._records = len(expected.records) + _MOST_RECORDS

    def spend(self, size: int, records: int) -> None:
        """Take from the budget; raise ChannelError when it is used up."""
        self.bytes -= size
        if records > self._records:
            raise ChannelError("more values than the check records")


def _ratio(value: Any) -> list[tuple[float, float]]:
    """Return the steps of a timed check; those of a submission are not used."""
    try:
        return [(float(most), float(share)) for most, share in value]
    except (TypeError, ValueError, OverflowError):
        raise ChannelError("a timed call without a ratio") from None


def _no_answer(error: Exception | None) -> str:
    what = f": {error}" if isinstance(error, ChannelError) else ""
    return f"unexpected data on the channel to the grader{what}"


def _code(code: int) -> str:
    if code < 0 or code > 128:
        number = -code if code < 0 else code - 128
        names = {4: "illegal instruction", 6: "abort", 8: "arithmetic error", 9: "killed",
                 11: "segmentation fault", 24: "processor time used up", 25: "file too large"}  # fmt: skip
        return names.get(number, f"signal {number}")
    return f"exit code {code}"
