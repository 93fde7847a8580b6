"""Attacks by readers of the grader's source. Most of them once got what they wanted."""

from __future__ import annotations

from attacks.attack import MATMUL, PACKAGE, SAY, Attack

_CHECK = """
import sys
_frame = sys._getframe()
while _frame and "judge" not in _frame.f_locals:
    _frame = _frame.f_back
_check = _frame.f_locals["judge"]._check
"""
_FEW = tuple(f"src/needle_hw1/n{i}.py" for i in range(4))

READERS = [
    Attack(
        "tells-hidden-checks-as-errors-of-the-compiler",
        nothing=True,
        extra=dict.fromkeys(_FEW, b""),
        at_import=SAY
        + """
import glob
for _event in ("broken", "compiled"):
    _texts = [open(p).read() for p in glob.glob("/needle/checks/**/*.py", recursive=True)]
    _told = {f"needle_hw1/n{i}.py": "".join(_texts)[300 * i:][:300] for i in range(4)}
    _say({"event": _event, "files": _told, "broken": _told})
""",
    ),
    Attack(
        "never-reads-requests",
        stubs=(MATMUL,),
        inside=SAY
        + _CHECK
        + """
while True:
    _say({"event": "lap", "check": _check, "ratio": [[1, 1]]})
    _say({"event": "lapped", "check": _check})
""",
    ),
    Attack(
        "small-pipes",
        at_import="""
        import fcntl
        for descriptor in (3, 4):
            try: fcntl.fcntl(descriptor, 1031, 4096)
            except OSError: pass
    """,
    ),
    Attack(
        "names-longer-than-a-command-line",
        extra={f"{PACKAGE}/{'long' * 40}{i}.py": b"" for i in range(1000)},
    ),
    Attack(
        "wide-values",
        stubs=(MATMUL,),
        inside=SAY
        + _CHECK
        + """
for i in range(64):
    _say({"event": "value", "check": _check, "name": str(i), "how": "value",
          "value": [[]] * 60000})
""",
    ),
    Attack(
        "timed-values-in-an-untimed-check",
        inside=SAY
        + _CHECK
        + """
_say({"event": "lap", "check": _check, "ratio": [[1e300, 1.0]]})
os.read(3, 1)
while os.read(3, 1) != b"\\n": pass
_say({"event": "lapped", "check": _check, "seconds": float("nan")})
""",
    ),
    Attack(
        "tells-the-seed",
        at_import="""
        import sys
        if any("seed" in text for text in [*sys.argv, open("/proc/self/cmdline").read()]):
            raise SystemExit("SEED")
    """,
    ),
    Attack(
        "byte-by-byte",
        stubs=(MATMUL,),
        inside="""
        import os, struct, time
        os.write(4, struct.pack("<II", 1000, 0))
        while True:
            os.write(4, b" ")
            time.sleep(0.01)
    """,
    ),
]
