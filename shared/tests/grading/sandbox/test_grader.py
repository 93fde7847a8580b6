"""The grader's side: processes are started and killed from any thread, and the grader may die."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from needle_shared.grading.sandbox.bubblewrap import find_bwrap
from needle_shared.grading.sandbox.find import diagnose, find_sandbox
from needle_shared.grading.sandbox.interface import (
    Limits,
    NoSandboxError,
    Process,
    Sandbox,
    SandboxError,
)

DAEMONS = """
import os, signal, time
for _ in range(2):
    if not os.fork():
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        break
time.sleep(60)
"""


@pytest.mark.parametrize("kind", ["B", "plain: B", "C", "C without namespaces"])
def test_nothing_survives_the_grader(new_host: Any, kind: str) -> None:
    host = new_host(kind)
    host.send(DAEMONS)
    assert until(lambda: len([name for name in host.processes() if "python" in name]) >= 3)
    host.process.kill()
    host.process.wait()
    assert until(lambda: host.processes() == [])


def until(condition: Any) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    try:
        return find_sandbox("B")
    except NoSandboxError as error:
        pytest.skip(str(error))


def start(sandbox: Sandbox, code: str, **limits: int) -> Process:
    command = [sandbox.python(), "-I", "-S", "-c", code]
    return sandbox.start(command, limits=Limits(**limits), pipes={}, env={})


def test_a_thread_may_end_before_the_process(sandbox: Sandbox) -> None:
    processes: list[Process] = []
    code = "import time; time.sleep(0.2); print('alive')"
    thread = threading.Thread(target=lambda: processes.append(start(sandbox, code)))
    thread.start()
    thread.join()
    with processes[0] as process:
        assert process.wait(10) == 0
        assert process.log() == b"alive\n"


def test_many_threads_at_once(sandbox: Sandbox) -> None:
    logs: dict[int, bytes] = {}

    def job(number: int) -> None:
        command = [sandbox.python(), "-I", "-S", "-c", f"print({number})"]
        with sandbox.start(command, limits=Limits(), pipes={}, env={}, slot=number) as process:
            process.wait(10)
            logs[number] = process.log()

    threads = [threading.Thread(target=job, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs == {number: f"{number}\n".encode() for number in range(6)}


def test_kill_by_many_and_again(sandbox: Sandbox) -> None:
    process = start(sandbox, "import time; time.sleep(60)")
    assert process.poll() is None
    assert process.wait(0.01) is None
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(process.kill())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [-9] * 4
    assert (process.kill(), process.poll(), process.wait()) == (-9, -9, -9)


def test_a_command_that_has_ended_keeps_its_code(sandbox: Sandbox) -> None:
    process = start(sandbox, "print('x'); raise SystemExit(4)")
    assert process.wait(10) == 4
    assert (process.kill(), process.log(), process.killed_for) == (4, b"x\n", None)


def test_a_reader_of_a_pipe_sees_its_end(sandbox: Sandbox) -> None:
    reading, writing = os.pipe()
    command = [sandbox.python(), "-I", "-S", "-c", "import os; os.write(4, b'x' * 200_000)"]
    with (
        sandbox.start(command, limits=Limits(), pipes={4: writing}, env={}),
        os.fdopen(reading, "rb") as file,
    ):
        os.close(writing)
        assert len(file.read()) == 200_000


def test_standard_streams_are_not_for_pipes(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"stdin, stdout and stderr: got pipes \[1\]"):
        sandbox.start(["/bin/true"], limits=Limits(), pipes={1: 2}, env={})


def test_a_file_descriptor_too_many(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("needle_shared.grading.sandbox.spawn._inheritable", list)
    careless = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(careless, True)
    try:
        with pytest.raises(SandboxError, match=rf"file descriptors \[.*\b{careless}\b.*\]"):
            start(sandbox, "pass")
    finally:
        os.close(careless)


def test_the_first_process_has_limits(sandbox: Sandbox) -> None:
    code = "print(open('/proc/1/limits').read(), open('/proc/1/status').read())"
    with start(sandbox, code, address_space=123 << 20, open_files=77) as process:
        assert process.wait(10) == 0
        text = " ".join(process.log().decode().split())
    assert f"Max address space {123 << 20} {123 << 20}" in text
    assert "Max open files 77 77" in text
    assert "CapEff: 0000000000000000" in text
    if sandbox.describe()["seccomp"]:
        assert "Seccomp: 2" in text


def test_description(sandbox: Sandbox) -> None:
    facts = sandbox.describe()
    assert facts["tier"] == sandbox.tier == "B"
    assert Path(facts["bwrap"]) == find_bwrap()
    assert (sandbox.inside("/code/file", 3), sandbox.inside("/w")) == ("/code/file", "/w")


def test_find_sandbox(sandbox: Sandbox) -> None:
    findings = {finding.tier: finding for finding in diagnose()}
    assert list(findings) == ["A", "B", "C"]
    assert findings["B"].works
    best = next(tier for tier, finding in findings.items() if finding.works)
    assert find_sandbox().tier == best
    for tier, finding in findings.items():
        if not finding.works:
            with pytest.raises(NoSandboxError, match=f"tier {tier}: "):
                find_sandbox(tier)
            assert finding.reason
    with pytest.raises(ValueError, match="got 'b'"):
        find_sandbox("b")


def test_without_any_tier_grading_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("needle_shared.grading.sandbox.find.find_bwrap", lambda: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(
        "needle_shared.grading.sandbox.cgroup.find_parent", lambda: Path("/nowhere")
    )
    with pytest.raises(NoSandboxError, match="apt install bubblewrap") as caught:
        find_sandbox()
    assert [line[:7] for line in str(caught.value).splitlines()[1:]] == [
        "tier A:",
        "tier B:",
        "tier C:",
    ]
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(NoSandboxError, match="virtual machine"):
        find_sandbox()


def test_tier_b_works_where_bubblewrap_does() -> None:
    """Without this, a fault of the sandbox would skip the other tests."""
    bwrap = find_bwrap()
    if bwrap is None:
        pytest.skip("bubblewrap is missing")
    words = ["--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    if subprocess.run([bwrap, *words], check=False, capture_output=True).returncode:
        pytest.skip("bubblewrap does not work on this machine")
    assert find_sandbox("B").tier == "B"
