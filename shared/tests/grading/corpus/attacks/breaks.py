"""Perfect submissions that break in the function that multiplies matrices: its points are lost."""

from __future__ import annotations

from attacks.attack import LINALG, MATMUL, Attack

BREAKS = [
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
    Attack(
        "takes-the-next-request",
        inside="import os; os.read(3, 4096)",
        stubs=(MATMUL,),
    ),
]
