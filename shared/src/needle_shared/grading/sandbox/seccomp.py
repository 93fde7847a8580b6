"""The system calls that a command in a sandbox cannot make.

Namespaces, limits and missing capabilities are the walls. The filter takes away what no homework
needs and what has broken walls before (nested user namespaces, io_uring, keyrings, ...), and
memory that no limit counts (memfd, shared anonymous mappings, buffers of sockets, huge pages).
It is made by libseccomp (through pyseccomp), which knows the numbers of the calls on each
processor.
"""

from __future__ import annotations

import errno
import importlib
import tempfile
from typing import Any

NAMESPACES = {  # linux/sched.h; clone() cannot take CLONE_NEWTIME
    "CLONE_NEWNS": 0x00020000,
    "CLONE_NEWCGROUP": 0x02000000,
    "CLONE_NEWUTS": 0x04000000,
    "CLONE_NEWIPC": 0x08000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
}
MAP_SHARED_ANONYMOUS = 0x21
MAP_HUGETLB = 0x40000
TIOCSTI = 0x5412  # puts characters into the terminal's input
TIOCLINUX = 0x541C

_FORBIDDEN = {
    "namespaces and mounts": "unshare setns mount umount umount2 pivot_root chroot move_mount "
    "open_tree fsopen fsconfig fsmount fspick mount_setattr",
    "other processes": "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd",
    "files around paths": "name_to_handle_at open_by_handle_at fanotify_init lookup_dcookie",
    "large parts of the kernel": "keyctl add_key request_key bpf perf_event_open userfaultfd "
    "io_uring_setup io_uring_enter io_uring_register io_setup io_submit modify_ldt",
    "memory that nobody counts": "memfd_create memfd_secret vmsplice shmget shmat shmctl shmdt "
    "msgget msgsnd msgrcv msgctl semget semop semctl semtimedop mq_open mbind migrate_pages "
    "move_pages set_mempolicy",
    "network, and buffers of sockets": "socket socketpair",
    "the machine": "kexec_load kexec_file_load init_module finit_module delete_module reboot "
    "swapon swapoff acct quotactl quotactl_fd settimeofday clock_settime adjtimex clock_adjtime "
    "syslog vhangup iopl ioperm",
}
# The C library then uses clone(), whose flags a filter can see.
_UNKNOWN = ["clone3"]


def filter_program() -> bytes | None:
    """Return the filter as BPF code for `bwrap --seccomp`; None if libseccomp does not work."""
    try:
        # Its import fails where the C library is missing.
        return _compile(importlib.import_module("pyseccomp"))
    except (ImportError, OSError, RuntimeError):
        return None


def _compile(library: Any) -> bytes:
    rules = library.SyscallFilter(library.ALLOW)
    denied = library.ERRNO(errno.EPERM)
    for names in _FORBIDDEN.values():
        for name in names.split():
            _add(rules, denied, name)
    for name in _UNKNOWN:
        _add(rules, library.ERRNO(errno.ENOSYS), name)
    for flag in NAMESPACES.values():
        _add(rules, denied, "clone", library.Arg(0, library.MASKED_EQ, flag, flag))
    for flags in (MAP_SHARED_ANONYMOUS, MAP_HUGETLB):
        for name in ("mmap", "mmap2"):
            _add(rules, denied, name, library.Arg(3, library.MASKED_EQ, flags, flags))
    for request in (TIOCSTI, TIOCLINUX):
        # the kernel looks at the lower 32 bits only
        _add(rules, denied, "ioctl", library.Arg(1, library.MASKED_EQ, 0xFFFFFFFF, request))
    _add(rules, denied, "personality", library.Arg(0, library.NE, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(rules: Any, action: int, name: str, *arguments: Any) -> None:
    try:
        rules.add_rule(action, name, *arguments)
    except ValueError:
        return  # a call that this libseccomp does not know
