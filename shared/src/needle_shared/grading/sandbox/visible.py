"""Tier C and none: for machines where no sandbox can be made. The command sees the machine's files.

Tier C needs root. It gives the command a user of its own, limits, the filter of system calls, and
whatever namespaces `unshare` can make; an ordinary container of Docker has none. Tier "none" has
the limits only, and is for submissions that one trusts.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from needle_shared.grading.sandbox import view
from needle_shared.grading.sandbox.interface import (
    SCRATCH,
    Bind,
    Limits,
    Process,
    Sandbox,
    SandboxError,
    Tier,
)
from needle_shared.grading.sandbox.leftovers import (
    Marked,
    Members,
    OfNamespace,
    OfUser,
    own_prefix,
    remove_abandoned,
)
from needle_shared.grading.sandbox.limits import gate, nproc, prlimit
from needle_shared.grading.sandbox.lookalike import lay_out, remove
from needle_shared.grading.sandbox.memory import Meter, meter_of
from needle_shared.grading.sandbox.process import INTERVAL, WatchedProcess
from needle_shared.grading.sandbox.seccomp import filter_program
from needle_shared.grading.sandbox.spawn import Spawner
from needle_shared.grading.sandbox.starting import Started, start_gated
from needle_shared.grading.sandbox.users import FIRST_UID_OF_C, drop_to, program

_UNSHARE = "--pid --fork --kill-child --mount-proc --net --ipc --uts"
# The first process of the namespace: binds, folders in memory, then the command, until it ends.
_FIRST = (
    'while [ "$1" != -- ]; do mount --bind "$1" "$2" && '
    'mount -o remount,bind,ro,nosuid,nodev "$2" || exit 1; shift 2; done; shift; '
    'mount -t tmpfs -o "size=$2,mode=1777,nosuid,nodev" scratch "$1" && '
    'mount --bind "$1" /tmp && mount --bind "$1" /var/tmp && '
    'mount -t tmpfs -o "size=$3,mode=1777,nosuid,nodev" shm /dev/shm && '
    'cd "$1" && shift 3 && "$@"; exit $?'
)
_FILTER = """
import ctypes, os, sys
code = os.read(int(sys.argv[1]), 65536)
os.close(int(sys.argv[1]))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]
call = ctypes.CDLL(None, use_errno=True).prctl
if call(38, 1, 0, 0, 0) or call(22, 2, ctypes.byref(Program(len(code) // 8, code)), 0, 0):
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
"""  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP with SECCOMP_MODE_FILTER


class Visible(Sandbox):
    """Tier C, or "none" without a change of the user."""

    def __init__(self, *, own_user: bool, namespaces: bool, use_seccomp: bool = True) -> None:
        self.tier: Tier = "C" if own_user else "none"
        self._own_user, self._namespaces = own_user, namespaces and own_user
        self._seccomp = filter_program() if use_seccomp and own_user else None
        self._spawner = Spawner()
        above = Path("/run" if own_user else tempfile.gettempdir())
        remove_abandoned(above)
        self._base = tempfile.mkdtemp(prefix=own_prefix(), dir=above)
        Path(self._base).chmod(0o711)

    def close(self) -> None:
        """Remove the folder in which sandboxes were laid out."""
        shutil.rmtree(self._base, ignore_errors=True)

    __del__ = close

    def describe(self) -> dict[str, Any]:
        """Return the tier and what it consists of here."""
        off = self._seccomp is not None
        return {
            "tier": self.tier,
            "user": f"uid {FIRST_UID_OF_C} + slot" if self._own_user else "the grader's",
            "files": "all that the user may read are visible",
            "scratch": "limited" if self._namespaces else "not limited",
            "network": "none" if self._namespaces or off else "open",
            "processes": "own namespace"
            if self._namespaces
            else "found by their user"
            if self._own_user
            else "found by a mark in their environment",
            "memory": f"watched every {INTERVAL} s" if self._own_user else "per process",
            "seccomp": off,
            "kernel": platform.release(),
        }

    def inside(self, target: str, slot: int = 0) -> str:
        """Return the path at which the command sees `target`."""
        return f"{self._base}/{slot}{target}"

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
        """Start a command with the limits of the tier."""
        uid = FIRST_UID_OF_C + slot
        members: Members = OfUser(uid) if self._own_user else Marked()
        members.end_all(5.0)  # of a grader that was killed
        root = Path(f"{self._base}/{slot}")
        remove(root)
        settings = max(2, *pipes, 0) + 1
        data = {} if self._seccomp is None else {settings: self._seccomp}
        with ExitStack() as held:
            held.callback(remove, root)
            mounted = lay_out(root, binds, uid if self._own_user else None, mount=self._namespaces)
            argv = self._words(command, limits, slot, settings, mounted)
            started = start_gated(self._spawner, argv, {**env, **members.mark()}, pipes, data)
            return self._watched(started, limits, members, root, held)

    def _words(
        self,
        command: Sequence[str],
        limits: Limits,
        slot: int,
        rules: int,
        mounted: Sequence[tuple[Path, Path]],
    ) -> list[str]:
        words = gate(list(command))
        if self._seccomp is not None:
            words = [view.interpreter(), "-I", "-S", "-c", _FILTER, str(rules), *words]
        words = [*prlimit(program("prlimit"), limits), *words]
        scratch = self.inside(SCRATCH, slot)
        if self._own_user:
            # Without a user of its own, the kernel would count the grader's other processes, too.
            words = [*drop_to(FIRST_UID_OF_C + slot), *nproc(program("prlimit"), limits, 0), *words]
        if self._namespaces:
            sizes = [str(limits.scratch), str(max(limits.scratch // 4, 4096))]
            pairs = [str(path) for pair in mounted for path in pair]
            words = ["/bin/sh", "-c", _FIRST, "sh", *pairs, "--", scratch, *sizes, *words]
            outer = [program("setpriv"), "--pdeathsig", "KILL", "--", program("unshare")]
            return [*outer, *_UNSHARE.split(), *words]
        if self._own_user:
            reaper = str(Path(__file__).with_name("reaper.py"))
            words = [view.interpreter(), "-I", "-S", reaper, str(FIRST_UID_OF_C + slot), *words]
        return ["/bin/sh", "-c", 'cd "$0" && exec "$@"', scratch, *words]

    def _watched(
        self, started: Started, limits: Limits, members: Members, root: Path, held: ExitStack
    ) -> WatchedProcess:
        """Let the command begin; what is `held` is released when it has ended."""
        meter: Meter | None = None
        no_filter = self._seccomp is None
        try:
            if self._namespaces:
                members = OfNamespace(started.pid)
                folders = [f"{root}{SCRATCH}", "/dev/shm"]  # noqa: S108
                meter = meter_of(members.first, folders, limits, memfds=no_filter)
            elif self._own_user:
                proc = os.open("/proc", os.O_RDONLY | os.O_CLOEXEC)
                uid = root.joinpath(SCRATCH[1:]).stat().st_uid
                meter = Meter(proc, [], limits, uid=uid, memfds=no_filter)
            held.callback(members.forget)
            if meter is not None:
                held.callback(meter.close)
            started.go()
        except (OSError, SandboxError) as error:
            started.abandon()
            members.end_all(5.0)
            raise SandboxError(f"its processes cannot be watched: {error}") from error
        return WatchedProcess(
            started.pid,
            output=started.output,
            log_size=limits.log,
            exceeded=(lambda: None) if meter is None else meter.exceeded,
            kill_all=members.kill,
            all_ended=members.end_all,
            clean_up=held.pop_all().close,
        )


def unshare_works() -> bool:
    """Return whether `unshare` of util-linux can make the namespaces of tier C here."""
    try:
        command = [
            program("unshare"),
            *_UNSHARE.split(),
            "/bin/sh",
            "-c",
            "mount -t tmpfs try /tmp",
        ]
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0  # noqa: S603
    except (SandboxError, OSError, subprocess.TimeoutExpired):
        return False
