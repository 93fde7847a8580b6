"""One process in the sandbox, and the conversation with it."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from needle_shared.grading.channel import (
    Channel,
    ChannelError,
    ClosedError,
    Requests,
    TooLargeError,
    text,
)
from needle_shared.grading.conversation import Between, Conversation
from needle_shared.grading.inside.frames import ANSWERS, REQUESTS
from needle_shared.grading.outcome import Ending, Outcome
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
_HOME = "/needle"

# What `python -I -S -u` runs: isolated from the environment, without site-packages. It does not
# keep what is printed: it is killed at the end.
_START = (
    "import runpy, sys; sys.path[:0] = sys.argv[1:]; del sys.argv[1:]; "
    "runpy.run_module({driver!r}, run_name='__main__', alter_sys=True)"
)
_SIGNALS = {
    4: "illegal instruction",
    6: "abort",
    8: "arithmetic error",
    9: "killed",
    11: "segmentation fault",
    24: "processor time used up",
    25: "file too large",
}


class StartError(Exception):
    """The sandbox did not come to import the submission: that is not the submission's fault."""


class UnusableError(Exception):
    """The submission cannot be imported."""

    def __init__(self, status: Ending, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.detail = status, message, detail
        self.log = ""


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
    import_seconds: float = IMPORT_SECONDS


class Session:
    """A sandbox that runs checks, one after the other; `listed` is what the checks declare."""

    driver = "needle_shared.grading.inside"

    def __init__(self, sandbox: Sandbox, job: Job) -> None:
        self._job = job
        self._cleanup = contextlib.ExitStack()
        self.listed: list[dict[str, Any]] = []
        self.ended = False
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            requests, asking = os.pipe()
            stack.callback(os.close, requests)
            self._cleanup.callback(os.close, asking)
            self._requests = Requests(asking)
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
            self._collect(sandbox, started)
            self._import()
        except UnusableError as error:
            self.close()
            error.log = self.log()
            raise
        except BaseException:
            self.close()
            raise

    def _inside(self, sandbox: Sandbox, target: str) -> str:
        return sandbox.inside(f"{_HOME}/{target}", self._job.slot)

    def _command(self, sandbox: Sandbox) -> list[str]:
        options = ["-I", "-S", "-u", "-X", "faulthandler", "-c"]
        folders = [self._inside(sandbox, target) for target in (DRIVER, SITE)]
        return [sandbox.python(), *options, _START.format(driver=self.driver), *folders]

    def _settings(self, sandbox: Sandbox) -> dict[str, Any]:
        """Return the first request. Command lines have not the room for thousands of names."""
        return {
            "package": self._job.package,
            "checks": self._inside(sandbox, CHECKS),
            "paths": [self._inside(sandbox, target) for target in (SUBMISSION, EARLIER)],
            "sources": list(self._job.sources),
        }

    def _collect(self, sandbox: Sandbox, started: float) -> None:
        """Wait until the checks are collected."""
        try:
            deadline = started + START_SECONDS
            self._requests.say(self._settings(sandbox), deadline)
            header, _ = self._channel.frame(deadline, 0)
            self.listed = header.get("checks", [])
        except (TimeoutError, OSError, ClosedError, ChannelError, TooLargeError) as error:
            time.sleep(0.05)  # the log comes through another pipe
            log = self.process.log()[-2000:].decode(errors="replace")
            raise StartError(f"{type(error).__name__}: the sandbox did not start\n{log}") from None

    def _import(self) -> None:
        """Wait until the submission is imported."""
        seconds = self._job.import_seconds
        deadline = time.monotonic() + seconds
        try:
            # Nothing of the submission has run before this, so that it is the driver's word. What
            # comes later may tell of hidden checks, and this is for the student to read.
            header, _ = self._channel.frame(deadline, 0)
            if broken := header.get("broken"):
                raise BrokenError({name: text(why, 300) for name, why in broken.items()})
            header, _ = self._channel.frame(deadline, 0)
        except TimeoutError:
            raise UnusableError(
                "timeout", f"importing the package took longer than {seconds:g} s"
            ) from None
        except ClosedError:
            raise UnusableError("crash", self._death("while the package was imported")) from None
        except (ChannelError, TooLargeError) as error:
            raise UnusableError("protocol", _no_answer(error)) from None
        match header["event"]:
            case "ready":
                return
            case "unusable":
                raise UnusableError(
                    "error",
                    f"the package cannot be imported: {text(header.get('message'), 1500)}",
                    text(header.get("detail"), 8000),
                )
        raise UnusableError("protocol", _no_answer(None))

    def run(
        self,
        check: str,
        seconds: float,
        expected: Outcome | None = None,
        between: Between | None = None,
    ) -> Outcome:
        """Run a check for at most `seconds`; `expected` bounds what it may send.

        `between` is called before each repetition of a timed call. The session has ended after all
        but "ok" and "error".
        """
        started = time.monotonic()
        try:
            return Conversation(
                self._channel,
                self._requests,
                check,
                self._job.seed,
                started + seconds,
                expected,
                between,
            ).hold()
        except TimeoutError:
            return self._failed("timeout", f"no answer in {seconds:g} s", started)
        except (ClosedError, BrokenPipeError):
            return self._failed("crash", self._death("in this check"), started)
        except TooLargeError as error:
            what = f"{error.name}: " if error.name else ""
            shape = f"shape {error.shape}, " if error.shape is not None else ""
            message = f"{what}{shape}{error.size} bytes, far more than expected"
            return self._failed("protocol", message, started)
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
        """Return the end of what the submission printed; all of it has come when this is closed."""
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


def _no_answer(error: Exception | None) -> str:
    what = f": {error}" if isinstance(error, ChannelError) else ""
    return f"unexpected data on the channel to the grader{what}"


def _code(code: int) -> str:
    """Return an exit code in words; a shell reports a signal as 128 and its number."""
    if 0 <= code <= 128:
        return f"exit code {code}"
    number = -code if code < 0 else code - 128
    return _SIGNALS.get(number, f"signal {number}")
