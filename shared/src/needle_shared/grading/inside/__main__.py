"""The program in the sandbox: it imports a submission and runs the checks that the judge asks for.

The judge's first request has its settings. It begins with what cannot be touched by the
submission: NumPy, pytest and the checks are imported first, then the submission.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest
from _pytest.runner import runtestprotocol  # what pytest itself calls for each test

from needle_shared.grading.inside.frames import encode, send
from needle_shared.grading.inside.recorder import Recorder, first_request, open_requests
from needle_shared.grading.inside.stage import Stage

_LONGEST = {"message": 1500, "detail": 8000}


class Driver:
    """The pytest plugin that takes the place of pytest's own loop over tests."""

    last_request = b""  # the end of the pipe

    def __init__(self, settings: dict[str, Any], requests: Any) -> None:
        self.package: str = settings["package"]
        self.checks: str = settings["checks"]
        self.paths: list[str] = settings["paths"]  # of packages: the submission, earlier stages
        self.sources: list[str] = settings["sources"]  # of the submission, in the first path
        self.requests = requests
        self.entropy = 0  # of the check that is run: the judge says it

    @pytest.hookimpl
    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the marker known."""
        config.addinivalue_line("markers", "points(n, part, ...): points of a check")

    @pytest.fixture
    def stage(self) -> Stage:
        """Return the submission's package."""
        return Stage(self.package)

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """Return the generator of a check: of the run's seed and its name, not of the order."""
        del request
        return np.random.default_rng(self.entropy)

    @pytest.fixture
    def judge(self, request: pytest.FixtureRequest) -> Recorder:
        """Return what takes the place of the judge."""
        rng = request.getfixturevalue("rng")
        return Recorder(self.name(request.node), self.requests, rng)

    def name(self, item: Any) -> str:
        """Return the name of a check: file and test, with the parameters' names."""
        return f"{Path(item.path).relative_to(self.checks).as_posix()}::{item.name}"

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Say what there is, import the submission, and run what is asked for."""
        items = {self.name(item): item for item in session.items}
        send(encode({"event": "checks", "checks": [self.entry(*item) for item in items.items()]}))
        sys.path[:0] = self.paths
        self.serve(items)
        return True

    def serve(self, items: dict[str, Any]) -> None:
        """Import the submission and run what is asked for."""
        broken = self.broken()
        send(encode({"event": "compiled", "broken": broken}))
        if broken:
            return
        try:
            importlib.import_module(self.package)
        except BaseException as error:  # SystemExit, too, is an answer
            message, detail = self.describe(error)
            send(encode({"event": "unusable", "message": message, "detail": detail}))
            return
        send(encode({"event": "ready"}))
        for line in iter(self.requests.readline, self.last_request):
            request = json.loads(line)
            name, self.entropy = request["run"], request["entropy"]
            send(encode({"event": "end", "check": name, **self.run(items[name])}))

    def entry(self, name: str, item: Any) -> dict[str, Any]:
        """Return what the marker of a check says."""
        mark = item.get_closest_marker("points")
        if mark is None or len(mark.args) != 1:
            raise pytest.UsageError(f"{name} needs the marker points(n, part=...)")
        settings = {"check": name, "function": name.partition("[")[0], "points": str(mark.args[0])}
        return {**settings, **mark.kwargs, "hidden": name.startswith("hidden/")}

    def broken(self) -> dict[str, str]:
        """Return the sources of the submission that do not compile, with the reason."""
        found = {}
        for name in self.sources:
            if problem := compile_error(Path(self.paths[0]) / name):
                found[name] = problem
        return found

    def run(self, item: Any) -> dict[str, str]:
        """Run one check; return how it ended."""
        try:
            reports = runtestprotocol(item, log=False, nextitem=None)
        except BaseException as error:
            message, detail = self.describe(error)
            return {"status": "error", "message": message, "detail": detail}
        for report in reports:
            if report.outcome != "passed":
                raised = getattr(report, "raised", None)
                message, detail = raised or (str(report.longrepr)[-500:], "")
                return {"status": "error", "message": message, "detail": detail}
        return {"status": "ok"}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Keep what was raised, as text, with the report."""
        del item
        report = yield
        if call.excinfo is not None:
            report.raised = self.describe(call.excinfo.value)
        return report

    def describe(self, error: BaseException) -> tuple[str, str]:
        """Return an exception in a sentence for the student, and its traceback."""
        message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename.startswith(self.paths[0])
        ]
        if own:
            name = Path(own[-1].filename).relative_to(self.paths[0]).as_posix()
            message = f"{message[:1200]} ({name}, line {own[-1].lineno}, in {own[-1].name})"
        detail = "".join(traceback.format_exception(type(error), error, self.below_pytest(error)))
        return message[: _LONGEST["message"]], detail[-_LONGEST["detail"] :]

    def below_pytest(self, error: BaseException) -> TracebackType | None:
        """Return the traceback from the check or the submission on, or all of it."""
        frame = error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename.startswith((self.checks, *self.paths)):
                return frame
            frame = frame.tb_next
        return error.__traceback__


def compile_error(path: Path) -> str:
    """Return why a source does not compile, or ""."""
    try:
        compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def main(driver: type[Driver] = Driver) -> int:
    """Collect the checks and run pytest with the driver in it."""
    settings = first_request()
    return int(
        pytest.main(
            [
                "-qq",
                "--no-summary",
                "--capture=no",  # for the log, where pytest itself says nothing
                "-c/dev/null",
                f"--rootdir={settings['checks']}",
                "--noconftest",
                "--assert=plain",
                "--import-mode=importlib",
                f"--basetemp={Path.cwd() / 'pytest'}",
                "--tb=native",
                "-Wignore",
                "-pno:cacheprovider",
                "-pno:faulthandler",
                settings["checks"],
            ],
            plugins=[driver(settings, open_requests())],
        )
    )


if __name__ == "__main__":
    sys.exit(main())
