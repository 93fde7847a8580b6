"""Perfect submissions that do something bad beside."""

from __future__ import annotations

from attacks.attack import LINALG, MATMUL, PACKAGE, Attack

HARMLESS = [  # they keep their marks
    Attack(
        "endless-stdout",
        at_import="""
        import os, threading
        def shout():
            while True: os.write(1, b"x" * 65536)
        threading.Thread(target=shout, daemon=True).start()
    """,
    ),
    Attack(
        "daemon-that-rewrites-results",
        at_import="""
        import os, time
        if not os.fork():
            os.setsid()
            if os.fork(): os._exit(0)
            for signal_ in range(1, 32):
                try: __import__("signal").signal(signal_, 1)
                except (OSError, ValueError): pass
            while True:
                for root in ("/", "/w", "/tmp", "/needle"):
                    try: open(root + "/result.json", "w").write("{}")
                    except OSError: pass
                time.sleep(0.05)
    """,
    ),
    Attack(
        "daemon-that-holds-stdout",
        at_import="""
        import os, time
        if not os.fork():
            os.setsid()
            time.sleep(3600)
            os._exit(0)
    """,
    ),
    Attack(
        "network",
        at_import="""
        import socket
        for address in (("127.0.0.1", 22), ("127.0.0.1", 80)):
            try:
                socket.create_connection(address, 0.5)
                raise SystemExit("NETWORK")
            except OSError: pass
    """,
    ),
    Attack(
        "reads-secrets",
        at_import="""
        import glob, os
        for name in ("/etc/shadow", "/etc/passwd", "/etc/hostname"):
            if os.path.exists(name): raise SystemExit(name)
        for name in ("/root", "/home", "/srv", "/tmp", "/mnt"):
            if glob.glob(name + "/**/result.json", recursive=True): raise SystemExit(name)
        if glob.glob("/needle/checks/hidden/*.py") and glob.glob("/needle/checks/test_*.py"):
            raise SystemExit("HIDDEN CHECKS")
        if "TEACHER_TOKEN" in os.environ: raise SystemExit("ENVIRONMENT")
    """,
    ),
    Attack(
        "escapes-by-namespaces",
        at_import="""
        import ctypes
        libc = ctypes.CDLL(None)
        for flags in (0x10000000, 0x00020000, 0x20000000):
            if libc.unshare(flags) == 0: raise SystemExit("NAMESPACE")
        if libc.mount(b"none", b"/w", b"tmpfs", 0, None) == 0: raise SystemExit("MOUNT")
        if libc.ptrace(16, 1, 0, 0) == 0: raise SystemExit("PTRACE")
    """,
    ),
    Attack(
        "writes-where-it-can",
        at_import="""
        import os
        for root in ("/", "/usr", "/needle", "/needle/checks", "/needle/submission", "/needle/site",
                     "/etc", "/proc/sys/kernel", "/sys", "/var/tmp", "/dev"):
            try:
                open(os.path.join(root, "needle-corpus-pwned"), "w").close()
                raise SystemExit("WRITES " + root)
            except OSError: pass
    """,
    ),
    Attack(
        "kills-all",
        at_import="""
        import os
        for pid in {1, os.getppid()} - {os.getpid()}:
            try: os.kill(pid, 9)
            except OSError: pass
    """,
    ),
    Attack("lowers-its-priority", at_import="import os; os.nice(19)"),
    Attack("prints-in-checks", inside="print('passed', flush=True)"),
    Attack(
        "odd-names",
        extra={
            f"{PACKAGE}/ops/=HYPERLINK(1).py": b"",
            f"{PACKAGE}/ops/<b>x.py": b"",
            "notes/README.md": b"",
            ".git/config": b"",
            "__MACOSX/x": b"",
            "data/x.gz": b"",
        },
    ),
    Attack("closes-stdout", at_import="import os; os.close(1); os.close(2)"),
    Attack(
        "leaves-threads-and-exit-handlers",
        at_import="""
        import atexit, threading, time
        threading.Thread(target=time.sleep, args=(3600,)).start()
        def forever():
            while True: pass
        atexit.register(forever)
    """,
    ),
    Attack(
        "prints-bytes-that-are-no-text",
        at_import=r"""
        import os
        os.write(1, bytes(range(256)) * 10 + b"\x1b]0;title\x07\x1b[2J</script>]]>")
    """,
    ),
    Attack("big-endian-values", inside="return (a @ b).astype((a @ b).dtype.newbyteorder('>'))"),
    Attack("values-in-fortran-s-order", inside="import numpy; return numpy.asfortranarray(a @ b)"),
    Attack(
        "many-new-files",
        extra={f"{PACKAGE}/ops/part{i}.py": b"x = 1\n" for i in range(400)},
    ),
    Attack(
        "ignores-its-lock", at_import="import sys, gc; sys.setswitchinterval(100); gc.disable()"
    ),
]

ANY = [  # at most what is earned: what they break is not theirs alone
    Attack(
        "alarm-later",
        at_import="import signal; signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)",
        at_most=True,
    ),
    Attack(
        "limits-itself",
        at_import="""
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    """,
        at_most=True,
    ),
    Attack(
        "closes-all-other-descriptors", at_import="import os; os.closerange(5, 4096)", at_most=True
    ),
    Attack("closes-sys-stdout", at_import="import sys; sys.stdout.close()", at_most=True),
    Attack(
        "dies-when-nobody-holds-it",
        inside="""
        import os, numpy
        class Last(numpy.ndarray):
            def __del__(self): os._exit(0)
        return (a @ b).view(Last)
    """,
        at_most=True,
    ),
    Attack(
        "masked-values", inside="import numpy; return numpy.ma.masked_all((2, 2))", stubs=(MATMUL,)
    ),
    Attack(
        "forks-and-goes-on-in-both",
        inside="import os; os.fork()",
        at_most=True,
    ),
    Attack(
        "thread-that-writes-garbage",
        at_import="""
        import os, threading
        def write():
            while True: os.write(4, b"garbage!")
        threading.Thread(target=write, daemon=True).start()
    """,
        at_most=True,
    ),
    Attack(
        "tower-of-signs",
        extra={LINALG: b"x = " + b"-" * 400_000 + b"1\n"},
        at_most=True,
    ),
]
