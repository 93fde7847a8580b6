"""A program that runs a command as another user, and ends when all processes of that user have.

It is for tier C without a namespace of processes. Children whose parents have died become children
of this program, not of the machine's first process: in a container, that is often one which waits
for nobody, and then the dead would count against the user's limit for ever. It kills them all when
the command ends, and when the grader does.

Usage: python -I -S reaper.py UID COMMAND...
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run the command, and exit with its code in the way of a shell."""
    uid, command = int(sys.argv[1]), sys.argv[2:]
    grader = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: _end(uid, 1))
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != grader:
        os._exit(1)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.execv(command[0], command)  # noqa: S606 -- what the grader says
    os.closerange(0, os.sysconf("SC_OPEN_MAX"))  # the pipes are the command's
    while True:
        pid, status = os.wait()
        if pid == child:
            break
    code = os.waitstatus_to_exitcode(status)
    _end(uid, code if code >= 0 else 128 - code)


def _end(uid: int, code: int) -> None:
    while _kill_all(uid):
        time.sleep(0.001)
    os._exit(code)


def _kill_all(uid: int) -> bool:
    """Kill all processes of the user at once, and return whether there may be more."""
    killer = os.fork()
    if not killer:
        try:
            os.setresuid(uid, uid, uid)  # or this process would kill all of the machine
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    try:
        while True:
            pid, _ = os.waitpid(-1, 0 if killer else os.WNOHANG)
            if pid == killer:
                killer = 0
            elif pid == 0:
                return True
    except ChildProcessError:
        return False


if __name__ == "__main__":
    main()
