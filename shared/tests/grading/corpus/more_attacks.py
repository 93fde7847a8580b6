"""More of what we would try: against the driver in its process, the channel, and the machine."""

from __future__ import annotations

from attack import LINALG, MATMUL, PACKAGE, Attack

_FRAME = """
import json, os, struct
def _say(header, payload=b""):
    text = json.dumps(header).encode()
    os.write(4, struct.pack("<II", len(text), len(payload)) + text + payload)
"""

MORE_LIES = [
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
        at_import=_FRAME
        + """
_say({"event": "broken", "files": {"needle_hw1/ops/shape.py": "no", "../../x": 1}})
""",
    ),
    Attack(
        "says-that-no-files-are-broken",
        "skeleton",
        nothing=True,
        at_import=_FRAME + '_say({"event": "broken", "files": []})\n',
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

MORE_BREAKS = [
    Attack(
        "array-at-no-address",
        stubs=(MATMUL,),
        inside="""
        class Nowhere:
            shape, dtype, ndim, size = a.shape, a.dtype, 2, a.size
            __array_interface__ = {
                "shape": (3, 4), "typestr": "<f8", "data": (8, False), "version": 3}
        return Nowhere()
    """,
    ),
    Attack("complex-values", stubs=(MATMUL,), inside="return (a @ b).astype(complex)"),
    Attack("texts-for-numbers", stubs=(MATMUL,), inside="return (a @ b).astype(str)"),
    Attack(
        "huge-without-memory",
        stubs=(MATMUL,),
        inside="import numpy; return numpy.broadcast_to(0.0, (1 << 20, 1 << 20))",
    ),
    Attack(
        "array-of-nothing-with-huge-axes",
        stubs=(MATMUL,),
        inside="import numpy; return numpy.zeros((0,) * 30 + (1 << 40,))",
    ),
    Attack("not-a-number-beside-numbers", stubs=(MATMUL,), inside="return a @ b * float('nan')"),
    Attack(
        "too-deep-source",
        extra={LINALG: b"x = " + b"(" * 100_000},
        stubs=(MATMUL, f"{LINALG}::MatMul.gradient"),
    ),
    Attack(
        "zeros-in-the-source",
        extra={LINALG: b"x = 1\x00\n"},
        stubs=(MATMUL, f"{LINALG}::MatMul.gradient"),
    ),
    Attack(
        "unknown-coding",
        extra={LINALG: b"# coding: no-such-thing\nx = 1\n"},
        stubs=(MATMUL, f"{LINALG}::MatMul.gradient"),
    ),
    Attack(
        "raises-a-group",
        stubs=(MATMUL,),
        inside="raise BaseExceptionGroup('x' * 10**5, [SystemExit(0), KeyboardInterrupt()] * 500)",
    ),
    Attack("raises-generator-exit", stubs=(MATMUL,), inside="raise GeneratorExit"),
    Attack(
        "raises-endless-causes",
        stubs=(MATMUL,),
        inside="""
        error = None
        for n in range(20_000):
            after = ValueError(n)
            after.__cause__ = error
            error = after
        raise error
    """,
    ),
    Attack(
        "writes-half-a-frame",
        stubs=(MATMUL,),
        inside="import os, struct; os.write(4, struct.pack('<II', 1000, 0) + b'{'); os._exit(0)",
    ),
    Attack(
        "sends-strange-headers",
        stubs=(MATMUL,),
        inside="""
        import os, struct
        for text in (b'{"event": "end", "check": [], "status": {}}', b'NaN', b'{"event": "lap"}'):
            os.write(4, struct.pack("<II", len(text), 0) + text)
        os._exit(0)
    """,
    ),
    Attack(
        "asks-for-a-clock",
        stubs=(MATMUL,),
        inside="""
        import json, os, struct, sys
        frame = sys._getframe()
        while frame and "judge" not in frame.f_locals: frame = frame.f_back
        check = frame.f_locals["judge"]._check
        for ratio in (None, "x", [[1e999, 1]], [[1, 1]] * 3):
            text = json.dumps({"event": "lap", "check": check, "ratio": ratio}).encode()
            os.write(4, struct.pack("<II", len(text), 0) + text)
    """,
    ),
]

MORE_HARMLESS = [
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

MORE_ANY = [  # at most what is earned: what they break is not theirs alone
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

MORE_LOOPS = [
    Attack(
        "takes-the-next-request",
        inside="import os; os.read(3, 4096)",
        stubs=(MATMUL,),
    ),
]

MORE = [*MORE_LIES, *MORE_BREAKS, *MORE_HARMLESS, *MORE_ANY, *MORE_LOOPS]
