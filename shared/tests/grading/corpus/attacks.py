"""What students have done to graders, and what we would try. The first ones are the threat model's.

`inside` code is met by the checks that multiply matrices; `at_import` code by all.
"""

from __future__ import annotations

from attack import LINALG, MATMUL, PACKAGE, Attack
from attacks_red import RED

# Writes what the driver would write, for all checks at once.
_FORGE = """
import json, os, struct
def _say(header, payload=b""):
    text = json.dumps(header).encode()
    os.write(4, struct.pack("<II", len(text), len(payload)) + text + payload)
"""
_PASSED = (
    _FORGE
    + """
_say({"event": "ready"})
for line in os.fdopen(3, "rb", buffering=0):
    check = json.loads(line)["run"]
    _say({"event": "end", "check": check, "status": "ok"})
"""
)

LIES = [  # of a submission without solutions: none may earn a point
    Attack("exit-at-import-0", "skeleton", "import os; os._exit(0)", nothing=True),
    Attack("system-exit-at-import", "skeleton", "raise SystemExit(0)", nothing=True),
    Attack("pytest-exit", "skeleton", "import pytest; pytest.exit('ok', 0)", nothing=True),
    Attack(
        "pytest-skip",
        "skeleton",
        "import pytest; pytest.skip('ok', allow_module_level=True)",
        nothing=True,
    ),
    Attack("prints-passed", "skeleton", "print('111 passed in 0.01s', flush=True)", nothing=True),
    Attack(
        "conftest",
        "skeleton",
        nothing=True,
        extra={
            "conftest.py": b"""
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
""",
            f"{PACKAGE}/conftest.py": b"raise RuntimeError\n",
            "checks/conftest.py": b"",
        },
    ),
    Attack(
        "own-checks",
        "skeleton",
        nothing=True,
        extra={
            "checks/test_forward.py": b"import pytest\n@pytest.mark.points(100, part='forward')\n"
            b"def test_all(judge): judge.value('x', 1, want=lambda: 1)\n",
            "assignment.toml": b"stage = 'hw1'\n",
        },
    ),
    Attack(
        "patches-the-runner",
        "skeleton",
        nothing=True,
        at_import="""
        import _pytest.runner, sys
        main = sys.modules["__main__"]
        for module in (_pytest.runner, main):
            module.runtestprotocol = lambda item, log=False, nextitem=None: []
    """,
    ),
    Attack(
        "patches-the-driver",
        "skeleton",
        nothing=True,
        at_import="""
        import sys
        main = sys.modules["__main__"]
        main.Driver.run = lambda self, item: {"status": "ok"}
    """,
    ),
    Attack(
        "patches-the-recorder",
        "skeleton",
        nothing=True,
        at_import="""
        from needle_shared.grading.inside import recorder
        recorder.Recorder.close = lambda *args, **kwargs: None
        recorder.Recorder.value = lambda *args, **kwargs: None
    """,
    ),
    Attack(
        "patches-numpy",
        "skeleton",
        nothing=True,
        at_import="""
        import numpy
        numpy.allclose = numpy.array_equal = lambda *a, **k: True
        numpy.testing.assert_allclose = lambda *a, **k: None
        numpy.ndarray.__class__
    """,
    ),
    Attack(
        "swallows-errors",
        "skeleton",
        nothing=True,
        at_import="""
        import builtins, sys
        class Everything(Exception):
            pass
        builtins.NotImplementedError = Everything
        sys.excepthook = lambda *a: None
    """,
    ),
    Attack("forges-the-ends", "skeleton", _PASSED, nothing=True),
    Attack(
        "forges-values-of-zeros",
        "skeleton",
        nothing=True,
        at_import=_FORGE
        + """
_say({"event": "ready"})
for line in os.fdopen(3, "rb", buffering=0):
    check = json.loads(line)["run"]
    for name in ("result", "product", "gradient", "loss", "gradient[0]", "gradient[1]"):
        _say({"event": "value", "check": check, "name": name, "how": "close",
              "dtype": "<f8", "shape": [], "rtol": 1e300, "atol": 1e300}, bytes(8))
    _say({"event": "end", "check": check, "status": "ok"})
""",
    ),
    Attack(
        "forges-the-list",
        "skeleton",
        nothing=True,
        at_import=_FORGE
        + """
_say({"event": "ready"})
_say({"event": "checks", "checks": []})
""",
    ),
    Attack(
        "reads-the-checks-for-answers",
        "skeleton",
        nothing=True,
        at_import="""
        import gc, glob, os, sys
        texts = [open(p).read() for p in glob.glob("/needle/checks/**/*.py", recursive=True)]
        found = [t for t in texts if "want" in t or "oracle" in t.lower()]
        if found:
            raise SystemExit("ORACLES ARE HERE")
    """,
    ),
    Attack(
        "imports-the-reference",
        "skeleton",
        nothing=True,
        at_import="""
        import glob, importlib.util, sys
        places = glob.glob("/**/needle_hw1", recursive=True)
        places = [p for p in places if not p.startswith(("/needle/submission", "/proc"))]
        places += [p for p in glob.glob("/proc/*/root/**/needle_hw1") if "submission" not in p]
        if places:
            raise SystemExit(f"THE REFERENCE IS HERE {places}")
    """,
    ),
    Attack(
        "nan-everywhere",
        "skeleton",
        nothing=True,
        at_import="""
        import numpy
        class Nan(float):
            def __eq__(self, other): return True
            def __array__(self, *a, **k): return numpy.full(3, numpy.nan)
            def numpy(self): return numpy.array(float("nan"))
        import needle_hw1.ops.elementwise as e
        for name in dir(e):
            if isinstance(getattr(e, name), type) and hasattr(getattr(e, name), "compute"):
                getattr(e, name).compute = lambda self, *a: numpy.full_like(a[0], numpy.nan)
    """,
    ),
    Attack(
        "equal-to-everything",
        "skeleton",
        nothing=True,
        at_import="""
        import numpy
        class Liar(numpy.ndarray):
            def __eq__(self, other): return True
            def tobytes(self, *a): return bytes(8)
        import needle_hw1.ops.elementwise as e
        for name in dir(e):
            if isinstance(getattr(e, name), type) and hasattr(getattr(e, name), "compute"):
                getattr(e, name).compute = lambda self, *a: numpy.zeros(3).view(Liar)
    """,
    ),
    Attack(
        "own-numpy",
        "skeleton",
        nothing=True,
        extra={
            "numpy/__init__.py": b"raise SystemExit('own numpy')\n",
            "src/numpy/__init__.py": b"raise SystemExit('own numpy')\n",
            "sitecustomize.py": b"raise SystemExit('own site')\n",
            "src/sitecustomize.py": b"raise SystemExit('own site')\n",
            "pytest.ini": b"[pytest]\naddopts = --version\n",
            "src/needle_shared/__init__.py": b"raise SystemExit\n",
        },
    ),
    Attack(
        "compiled-files",
        "skeleton",
        nothing=True,
        extra={
            f"{PACKAGE}/ops/linalg.cpython-311-x86_64-linux-gnu.so": b"\x7fELF not really",
            f"{PACKAGE}/ops/__pycache__/linalg.cpython-311.pyc": b"not bytecode",
        },
    ),
]

BREAKS = [  # of a perfect submission, in the function that multiplies matrices: its points are lost
    Attack("exit-in-a-function-0", inside="import os; os._exit(0)", stubs=(MATMUL,)),
    Attack("system-exit-in-a-function", inside="raise SystemExit(0)", stubs=(MATMUL,)),
    Attack("keyboard-interrupt", inside="raise KeyboardInterrupt", stubs=(MATMUL,)),
    Attack(
        "pytest-exit-in-a-function", inside="import pytest; pytest.exit('done', 0)", stubs=(MATMUL,)
    ),
    Attack("pytest-skip-in-a-function", inside="import pytest; pytest.skip('no')", stubs=(MATMUL,)),
    Attack("segfault", inside="import ctypes; ctypes.string_at(0)", stubs=(MATMUL,)),
    Attack("abort", inside="import os; os.abort()", stubs=(MATMUL,)),
    Attack("deep-recursion", inside="return self.compute(a, b)", stubs=(MATMUL,)),
    Attack(
        "crashing-recursion",
        stubs=(MATMUL,),
        inside="""
        import sys
        sys.setrecursionlimit(10**9)
        def down(n): return down(n + 1)
        down(0)
    """,
    ),
    Attack("memory-bomb", inside="return [bytearray(1 << 28) for _ in range(64)]", stubs=(MATMUL,)),
    Attack(
        "eight-memory-bombs",
        stubs=(MATMUL,),
        inside="""
        import os, time
        for _ in range(8):
            if not os.fork():
                hold = [bytearray(b"x") * (1 << 26) for _ in range(14)]
                time.sleep(60)
        time.sleep(60)
    """,
    ),
    Attack(
        "fork-bomb",
        stubs=(MATMUL,),
        inside="""
        import os
        while True:
            try: os.fork()
            except OSError: pass
    """,
    ),
    Attack(
        "thread-bomb",
        stubs=(MATMUL,),
        inside="""
        import threading, time
        while True:
            threading.Thread(target=time.sleep, args=(60,)).start()
    """,
    ),
    Attack(
        "full-disk",
        stubs=(MATMUL,),
        inside="""
        import os
        for n in range(10**6):
            with open(f"/w/{n}", "wb") as f: f.write(bytes(1 << 20))
    """,
    ),
    Attack("closes-the-channel", stubs=(MATMUL,), inside="import os; os.close(4)"),
    Attack(
        "sends-garbage", stubs=(MATMUL,), inside="import os; os.write(4, bytes(range(256)) * 9)"
    ),
    Attack(
        "sends-a-huge-length",
        stubs=(MATMUL,),
        inside="import os; os.write(4, b'\\xff\\xff\\xff\\x7f\\xff\\xff\\xff\\x7f')",
    ),
    Attack(
        "sends-deep-json",
        stubs=(MATMUL,),
        inside="""
        import os, struct
        text = b"[" * 60000
        os.write(4, struct.pack("<II", len(text), 0) + text)
    """,
    ),
    Attack(
        "sends-a-huge-number",
        stubs=(MATMUL,),
        inside="""
        import os, struct
        text = b'{"event": "value", "check": ' + b"9" * 100000 + b"}"
        os.write(4, struct.pack("<II", len(text), 0) + text)
    """,
    ),
    Attack(
        "sends-a-pickle",
        stubs=(MATMUL,),
        inside="""
        import os, pickle, struct
        class Bomb:
            def __reduce__(self): return os.system, ("touch /tmp/needle-corpus-pwned",)
        data = pickle.dumps(Bomb())
        os.write(4, struct.pack("<II", 0, len(data)) + data)
    """,
    ),
    Attack(
        "answers-for-another-check",
        stubs=(MATMUL,),
        inside="""
        import json, os, struct
        text = json.dumps({"event": "end", "check": "other", "status": "ok"}).encode()
        os.write(4, struct.pack("<II", len(text), 0) + text)
    """,
    ),
    Attack(
        "calls-the-oracle-of-its-caller",
        stubs=(MATMUL,),
        inside="""
        import sys, types
        frame = sys._getframe(1)
        while frame:
            for const in frame.f_code.co_consts:
                if isinstance(const, types.CodeType) and const.co_name == "<lambda>":
                    cells = [types.CellType(frame.f_locals.get(n)) for n in const.co_freevars]
                    try: return types.FunctionType(const, frame.f_globals, closure=tuple(cells))()
                    except Exception: pass
            frame = frame.f_back
        raise NotImplementedError
    """,
    ),
    Attack(
        "object-arrays",
        stubs=(MATMUL,),
        inside="import numpy; return numpy.array([None, print], dtype=object)",
    ),
    Attack(
        "html-and-ansi",
        stubs=(MATMUL,),
        inside=r"""
        raise ValueError("<script>alert(1)</script>\x1b[31m=HYPERLINK('x')\n@SUM(A1)\t{{7*7}}"
                         "\ud800\x00 [red]" + "A" * 10**6)
    """,
    ),
    Attack(
        "exception-without-text",
        stubs=(MATMUL,),
        inside="""
        class Silent(Exception):
            def __str__(self): raise RuntimeError
            __repr__ = __str__
        raise Silent
    """,
    ),
    Attack(
        "exception-that-exits",
        stubs=(MATMUL,),
        inside="""
        import os
        class Bad(Exception):
            def __str__(self): os._exit(0)
        raise Bad
    """,
    ),
    Attack("infinities", stubs=(MATMUL,), inside="return a.sum() * float('inf')"),
    Attack(
        "huge-result",
        stubs=(MATMUL,),
        inside="import numpy; return numpy.zeros((1 << 14, 1 << 12))",
    ),
    Attack("wrong-file-missing", remove=(LINALG,), stubs=(MATMUL, f"{LINALG}::MatMul.gradient")),
    Attack(
        "syntax-error",
        extra={LINALG: b"def broken(:\n"},
        stubs=(MATMUL, f"{LINALG}::MatMul.gradient"),
    ),
    Attack(
        "not-utf8",
        extra={LINALG: b"\xff\xfe\x00broken"},
        stubs=(MATMUL, f"{LINALG}::MatMul.gradient"),
    ),
    Attack(
        "null-bytes", extra={LINALG: b"x = 1\x00\n"}, stubs=(MATMUL, f"{LINALG}::MatMul.gradient")
    ),
    Attack(
        "deep-source",
        extra={LINALG: b"x = " + b"(" * 5000 + b")" * 5000 + b"\n"},
        stubs=(MATMUL, f"{LINALG}::MatMul.gradient"),
    ),
]

HARMLESS = [  # of a perfect submission: it does something bad beside, and keeps its mark
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
]

LOOPS = [  # that need their whole time: few
    Attack("endless-loop", inside="while True: pass", stubs=(MATMUL,)),
    Attack(
        "loop-without-signals",
        stubs=(MATMUL,),
        inside="""
        import signal
        for n in range(1, 65):
            try: signal.signal(n, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True:
            try:
                while True: pass
            except BaseException: pass
    """,
    ),
    Attack("loop-that-holds-the-interpreter", stubs=(MATMUL,), inside="return 10**10**10"),
    Attack("endless-import", at_import="while True: pass", nothing=True),
    Attack("stops-itself", stubs=(MATMUL,), inside="import os; os.kill(os.getpid(), 19)"),
    Attack(
        "endless-values",
        stubs=(MATMUL,),
        inside="""
        import os, struct
        while True: os.write(4, struct.pack("<II", 2, 0) + b"{}")
    """,
    ),
]

ALL = [*LIES, *BREAKS, *HARMLESS, *LOOPS, *RED]
