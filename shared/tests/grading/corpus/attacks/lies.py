"""Submissions without solutions that want points: none may earn one."""

from __future__ import annotations

from attacks.attack import PACKAGE, SAY, Attack

_PASSED = (
    SAY
    + """
_say({"event": "ready"})
for line in os.fdopen(3, "rb", buffering=0):
    check = json.loads(line)["run"]
    _say({"event": "end", "check": check, "status": "ok"})
"""
)

LIES = [
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
        at_import=SAY
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
        at_import=SAY
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
    Attack(
        "replaces-the-checks",
        "skeleton",
        nothing=True,
        at_import="""
        import gc, types
        for found in gc.get_objects():
            if isinstance(found, types.FunctionType) and found.__name__.startswith("test_"):
                found.__code__ = (lambda *a, **k: None).__code__
    """,
    ),
    Attack(
        "makes-all-inputs-zero",
        "skeleton",
        nothing=True,
        at_import="""
        import numpy
        class Zeros:
            def __init__(self, *a): pass
            def __getattr__(self, name):
                return lambda *a, size=None, **k: numpy.zeros(size or (a[0] if a else ()))
        numpy.random.default_rng = Zeros
        import needle_hw1.ops.elementwise as e
        import needle_hw1.ops.linalg as l
        def compute(self, a, b): return numpy.zeros((a.shape[0], b.shape[-1]))
        numpy.matmul = compute
    """,
    ),
    Attack(
        "widens-the-tolerance",
        "skeleton",
        nothing=True,
        at_import="""
        import numpy
        from needle_shared.grading.inside import records, recorder
        first = recorder.Recorder.close
        recorder.Recorder.close = lambda self, name, value, **k: first(
            self, name, numpy.zeros(numpy.shape(value)), rtol=float("inf"), atol=float("inf"))
        import needle_hw1.ops.linalg as l
    """,
    ),
    Attack(
        "answers-in-the-driver-s-place-with-inputs",
        "skeleton",
        nothing=True,
        at_import="""
        import sys
        from needle_shared.grading.inside import frames, recorder
        import numpy
        main = sys.modules["__main__"]
        def run(self, item):
            rng = numpy.random.default_rng([0, 1])
            for name in ("result", "product", "value"):
                for shape in ((), (1,), (2, 3), (3, 4)):
                    record = recorder.Record(name, "close", rng.standard_normal(shape))
                    recorder.send(frames.encode_record(self.name(item), record))
            return {"status": "ok"}
        main.Driver.run = run
    """,
    ),
    Attack(
        "traces-the-recorder",
        "skeleton",
        nothing=True,
        at_import="""
        import sys, numpy
        def trace(frame, event, arg):
            if frame.f_code.co_name in ("close", "want", "run"):
                found = [v for v in frame.f_locals.values() if callable(v)]
                for value in found:
                    if getattr(value, "__name__", "") == "<lambda>":
                        raise SystemExit("AN ORACLE IS HERE")
            return trace
        sys.settrace(trace)
    """,
    ),
    Attack(
        "says-that-files-are-broken",
        "skeleton",
        nothing=True,
        at_import=SAY
        + """
_say({"event": "broken", "files": {"needle_hw1/ops/shape.py": "no", "../../x": 1}})
""",
    ),
    Attack(
        "says-that-no-files-are-broken",
        "skeleton",
        nothing=True,
        at_import=SAY + '_say({"event": "broken", "files": []})\n',
    ),
    Attack(
        "takes-the-earlier-answers-again",
        "skeleton",
        nothing=True,
        at_import="""
        import os
        write, said = os.write, []
        def replay(to, data):
            if to == 4:
                said.append(bytes(data))
                for old in said[-3:]: write(4, old)
                return len(data)
            return write(to, data)
        os.write = replay
    """,
    ),
    Attack(
        "reads-the-memory-of-others",
        "skeleton",
        nothing=True,
        at_import="""
        import glob, os
        for path in glob.glob("/proc/[0-9]*"):
            if path.rpartition("/")[2] == str(os.getpid()): continue
            for name in ("mem", "environ", "cmdline", "maps", "fd/3", "fd/4"):
                try: text = open(path + "/" + name, "rb").read(4096)
                except OSError: continue
                if b"TEACHER_TOKEN" in text or b"result.json" in text: raise SystemExit("TOLD")
    """,
    ),
]
