"""One cell in a process of its own, answering requests.

Requests and answers are lines of JSON on standard input and output, one answer to each request;
arrays travel in a folder. A request `{"do": "epoch"}` calls the method of the worker with that
name, other keys are its arguments. Where the cell cannot be the first answer is
`{"missing": reason}`. An exception is answered by `{"error": text}`, its traceback goes to
standard error, and the process ends, as it does when its standard input is closed.
"""

import faulthandler
import importlib.util
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from needle_shared.evolution.cell import CellMissingError, load_class
from needle_shared.evolution.interface import new_names

Answer = dict[str, Any]


class Worker:
    """Answers what is asked of every cell; each public method is a request."""

    _cell: Any

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def ready(self) -> Answer:
        """Answer that the cell is made, and of which package."""
        return {"package": self._cell.package}

    def describe(self) -> Answer:
        """Answer the peak memory in MiB and the lines of code on both sides."""
        return {"peak_memory": peak_memory(), "lines": asdict(self._cell.lines())}

    def interface(self, earlier: list[str]) -> Answer:
        """Answer the public names that the cell's package adds to those of the packages given."""
        return {"names": new_names(self._cell.package, earlier)}


MakeWorker = Callable[[Any, Path], Worker]


def peak_memory() -> float | None:
    """Return the most memory that this process ever held, in MiB; None where nobody knows."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux: ru_maxrss begins at the size of the process that started this one, VmHWM does not.
        for line in status.read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ModuleNotFoundError:
        return None
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_per_unit / 2**20


def serve(make: MakeWorker, reference: str, folder: Path, requests: TextIO, answers: TextIO) -> int:
    """Make the cell and answer requests until there are no more; return the exit code."""

    def send(answer: Answer) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        worker = make(_cell(reference), folder)
        for line in requests:
            request = json.loads(line)
            send(getattr(worker, request.pop("do"))(**request))
    except CellMissingError as error:
        send({"missing": str(error)})
    except Exception as error:
        traceback.print_exc()
        send({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def _cell(reference: str) -> Any:
    """Return the cell "module:Class", whose stage is imported when it is made."""
    cell_class = load_class(reference)
    if importlib.util.find_spec(cell_class.package) is None:
        raise CellMissingError(f"{cell_class.package} is not installed")
    return cell_class()


def main(make: MakeWorker, argv: list[str]) -> int:
    """Serve the cell `argv[0]`, "module:Class", with the files in the folder `argv[1]`."""
    reference, folder = argv
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this process
    # What the stage prints, from Python or from C, must not mix with the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return serve(make, reference, Path(folder), sys.stdin, answers)
