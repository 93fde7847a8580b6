import shutil

import pytest

from needle_shared.grading.assignment import AssignmentError
from needle_shared.grading.skeleton.carry import carry
from needle_shared.grading.skeleton.handout import handout_files, write_skeleton

OPS = "hw1/src/needle_hw1/ops.py"
SUM = "hw1/csrc/sum.cpp"
COMPUTE, SCALE = f"{OPS}::Op.compute", f"{OPS}::scale"
MEAN, SUMS = f"{SUM}::needle::mean", f"{SUM}::needle::sum"
ALL = (COMPUTE, SCALE, SUMS, MEAN)
STUB = 'raise NotImplementedError("hw1: scale")'
STUB_SUM = '(void)x; (void)n;\n  throw std::runtime_error("hw1: needle::sum");'


@pytest.fixture
def student(root, tmp_path):
    """Return a student's workspace of hw1."""
    folder = tmp_path / "student"
    write_skeleton(root, "hw1", folder)
    return folder


@pytest.fixture
def moved(root, student, tmp_path):
    """Return a function that carries to hw2, and returns the report and a file that came out."""

    def move(file=OPS, directory=None):
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        report = carry(root, "hw1", "hw2", directory or student, out)
        return report, (out / file).read_text()

    return move


def edit(folder, file, *changes):
    text = (folder / file).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / file).write_text(text)


def solve(folder):
    edit(folder, OPS, (STUB, "return by * x  # mine"))
    edit(folder, SUM, (STUB_SUM, "double s = 0;\n  while (n) s += x[--n];\n  return s;"))


def test_solved_symbols_are_carried_and_stubs_reported(moved, student):
    solve(student)
    report, ops = moved()
    assert report.carried == (SCALE, SUMS)
    assert report.stubs == (COMPUTE, MEAN)
    assert report.conflicts == ()
    assert ops == (student / OPS).read_text()
    assert moved(SUM)[1] == (student / SUM).read_text()


def test_the_rest_of_the_workspace_is_the_later_skeleton(root, moved, student, tmp_path):
    solve(student)
    moved()
    expected = handout_files(root, "hw2")
    out = tmp_path / "out"
    files = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert set(files) == set(expected)
    assert {name for name in files if files[name] != expected[name]} == {OPS, SUM}


@pytest.mark.parametrize("place", ["hw1", "hw1/src/needle_hw1"])
def test_the_folder_of_the_stage_or_package_will_do(moved, student, place):
    solve(student)
    report, ops = moved(directory=student / place)
    assert SCALE in report.carried
    assert "# mine" in ops


def test_comments_and_docstrings_of_the_student_are_no_conflict(moved, student):
    solve(student)
    edit(student, OPS, ('"""Operators."""', '"""Mine."""  # me'), ("LIMIT = 10", "LIMIT = 10  # ?"))
    report, ops = moved()
    assert report.conflicts == ()
    assert "return by * x  # mine" in ops
    assert "# ?" not in ops


def test_helpers_and_imports_that_were_added_are_carried(moved, student):
    solve(student)
    edit(
        student,
        OPS,
        ("import math\n", "import math\nimport cmath\n"),
        ("by * x", "_by(x)"),
        ("    def shape", "    def _own(self):\n        return 1\n\n    def shape"),
        ("\n\ndef scale", "\n\ndef _by(x):\n    return x\n\n\ndef scale"),
    )
    report, ops = moved()
    assert set(report.added) == {f"{OPS}::{n}" for n in ("import cmath", "_by", "Op._own")}
    assert report.conflicts == ()
    assert ops == (student / OPS).read_text()


def test_cpp_helpers_that_were_added_are_carried(moved, student):
    solve(student)
    edit(student, SUM, ("double mean", "int mine(int n) { return n; }\n\ndouble mean"))
    edit(student, SUM, ('#include "sum.h"', '#include "sum.h"\n#include <cmath>'))
    report, text = moved(SUM)
    assert set(report.added) == {f"{SUM}::needle::mine(int)", f"{SUM}::#include<cmath>"}
    assert text == (student / SUM).read_text()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("LIMIT = 10", "LIMIT = 11"), "LIMIT changed"),
        (("import math\n", "import cmath\n"), "import math changed"),
        (("class Op:", "class Op(dict):"), "class Op changed"),
        (("self.given_to_students_as_it_is(x)", "x"), "Op.shape changed"),
    ],
)
def test_changes_beside_the_symbols_are_a_conflict(moved, student, change, named):
    solve(student)
    edit(student, OPS, change)
    report, ops = moved()
    assert SUMS in report.carried
    assert SCALE not in report.carried
    (conflict,) = report.conflicts
    assert (conflict.file, conflict.symbol) == (OPS, "scale")
    assert named in str(conflict)
    assert STUB in ops


def test_cpp_changes_beside_the_symbols_are_a_conflict(moved, student):
    solve(student)
    edit(
        student, SUM, ("double given(double x) { return x; }", "double given(double) { return 1; }")
    )
    report, text = moved(SUM)
    assert [str(c) for c in report.conflicts] == [
        f"{SUMS}: needle::given(double) changed beside what the assignment lists: not carried"
    ]
    assert STUB_SUM in text


@pytest.mark.parametrize(
    ("file", "change", "symbol", "reason"),
    [
        (OPS, ("def scale(x, by=2.0)", "def scale(x, by=3.0)"), "scale", "another signature"),
        (OPS, ("def scale(x, by=2.0)", "async def scale(x, by=2.0)"), "scale", "another signature"),
        (OPS, ("def scale", "@staticmethod\ndef scale"), "scale", "another signature"),
        (OPS, ("def scale", "def scales"), "scale", "is not defined"),
        (OPS, ("def scale", "def scale(): pass\n\n\ndef scale"), "scale", "defined 2 times"),
        (SUM, ("double sum(const double* x", "double sum(double* x"), "needle::sum", "signature"),
    ],
)
def test_symbols_that_do_not_fit_are_a_conflict(moved, student, file, change, symbol, reason):
    solve(student)
    edit(student, file, change)
    report, text = moved(file)
    found = {c.symbol: c.reason for c in report.conflicts if c.file == file}
    assert reason in found[symbol]
    assert (STUB if file == OPS else STUB_SUM) in text


def test_annotations_are_no_part_of_the_signature(moved, student):
    solve(student)
    edit(student, OPS, ("def scale(x, by=2.0):", "def scale(x: float, by: float = 2.0) -> float:"))
    report, ops = moved()
    assert SCALE in report.carried
    assert "x: float, by: float" in ops


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"def scale(:\n", "not valid Python: line 1"),
        (b"\xff\xfe\x00", "is not a text in UTF-8"),
        (b"x = 1\0\n", "not valid Python"),
        (b"(" * 100_000, "not valid Python"),
        (b"#" * (1 << 20) + b"\n", "is missing"),
        (None, "is missing"),
    ],
)
def test_broken_files_are_a_conflict_and_the_others_are_carried(moved, student, content, reason):
    solve(student)
    (student / OPS).unlink()
    if content is not None:
        (student / OPS).write_bytes(content)
    report, ops = moved()
    assert report.carried == (SUMS,)
    (conflict,) = [c for c in report.conflicts if c.file == OPS]
    assert reason in conflict.reason
    assert STUB in ops


def test_links_that_lead_out_are_not_read(moved, student, tmp_path):
    solve(student)
    (tmp_path / "elsewhere.py").write_text((student / OPS).read_text())
    (student / OPS).unlink()
    (student / OPS).symlink_to(tmp_path / "elsewhere.py")
    report, ops = moved()
    assert SCALE not in report.carried
    assert STUB in ops


def test_cpp_that_does_not_parse_is_a_conflict(moved, student):
    (student / SUM).write_text("namespace needle { double sum(")
    report, _ = moved(SUM)
    assert {c.symbol for c in report.conflicts} == {"needle::sum", "needle::mean"}


def test_the_code_is_never_run(moved, student):
    solve(student)
    edit(student, OPS, ("import math\n", "import math\nopen('ran', 'w')\nraise SystemExit(1)\n"))
    report, _ = moved()
    assert SCALE in report.carried
    assert not list(student.rglob("ran"))


def test_own_files_are_carried_and_changes_elsewhere_reported(moved, student):
    solve(student)
    (student / "hw1/src/needle_hw1/mine.py").write_text("x = 1\n")
    (student / "hw1/notes.py").write_text("x = 1\n")
    (student / "hw1/src/needle_hw1/__pycache__").mkdir(exist_ok=True)
    (student / "hw1/src/needle_hw1/__pycache__/x.py").write_text("")
    edit(student, "hw1/src/needle_hw1/__init__.py", ("import *", "import scale"))
    report, text = moved("hw1/src/needle_hw1/mine.py")
    assert report.added == ("hw1/src/needle_hw1/mine.py",)
    assert text == "x = 1\n"
    (conflict,) = report.conflicts
    assert conflict.file == "hw1/src/needle_hw1/__init__.py"
    assert "import *" in moved("hw1/src/needle_hw1/__init__.py")[1]


def test_a_workspace_that_is_there_is_filled_and_never_overwritten(root, student, tmp_path):
    out = tmp_path / "mine"
    write_skeleton(root, "hw2", out)
    edit(out, OPS, (STUB, "return 17 * x"))
    (out / "hw2/notes.txt").write_text("mine")
    solve(student)
    report = carry(root, "hw1", "hw2", student, out)
    assert report.carried == (SUMS,)
    assert [str(c) for c in report.conflicts] == [f"{SCALE}: is written already, differently"]
    assert "return 17 * x" in (out / OPS).read_text()
    assert "while (n)" in (out / SUM).read_text()
    assert (out / "hw2/notes.txt").read_text() == "mine"
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    again = carry(root, "hw1", "hw2", student, out)
    assert again == report
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert not list(tmp_path.glob(".*"))


def test_without_out_the_workspace_is_beside_the_student_s(root, student, tmp_path):
    solve(student)
    report = carry(root, "hw1", "hw2", student)
    assert SCALE in report.carried
    assert "# mine" in (tmp_path / "needle-hw2" / OPS).read_text()


def test_the_same_in_every_run(root, student, tmp_path):
    solve(student)
    reports = [carry(root, "hw1", "hw2", student, tmp_path / name) for name in "ab"]
    assert reports[0] == reports[1]
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            other = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert path.read_bytes() == other.read_bytes()


def test_what_cannot_be_carried_is_refused(root, student, tmp_path):
    with pytest.raises(AssignmentError, match="hw1 does not import hw2"):
        carry(root, "hw2", "hw1", student, tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="no files of hw1"):
        carry(root, "hw1", "hw2", root / "hw2", tmp_path / "out")
    assert not (tmp_path / "out").exists()
