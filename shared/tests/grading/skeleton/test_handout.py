import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from needle_shared.grading.assignment import AssignmentError, read_assignment
from needle_shared.grading.skeleton.errors import SymbolError
from needle_shared.grading.skeleton.files import reference_files, skeleton_files
from needle_shared.grading.skeleton.handout import handout_files, stages_needed, write_skeleton
from needle_shared.grading.skeleton.leaks import leaks

COMPILER = shutil.which("g++") or shutil.which("clang++")
REPOSITORY = Path(__file__).parents[4]
HW1 = {
    "CMakeLists.txt",
    "csrc/sum.cpp",
    "csrc/sum.h",
    "pyproject.toml",
    "src/needle_hw1/__init__.py",
    "src/needle_hw1/data/__init__.py",
    "src/needle_hw1/ops.py",
}
HANDED_OUT = {
    *("noxfile.py", "pyproject.toml", "LICENSE", ".gitignore", ".clang-format", ".editorconfig"),
    "ASSIGNMENT.md",
    *("shared/pyproject.toml", "shared/README.md"),
    *(
        f"shared/src/needle_shared/{name}"
        for name in (
            *("__init__.py", "py.typed", "pytest_plugin.py", "extra.py", "testing/__init__.py"),
            *("grading/__init__.py", "grading/local.py", "grading/compare.py"),
            *("grading/inside/__init__.py", "grading/inside/x.py"),
        )
    ),
    *(f"hw1/{name}" for name in HW1),
    *(f"hw1/{name}" for name in ("README.md", "assignment.toml", "tests/test_ops.py")),
    *(f"hw1/checks/{name}.py" for name in ("conftest", "helpers", "oracles", "test_ops")),
}


def test_the_package_of_a_stage_has_stubs(any_root):
    assignment = read_assignment(any_root / "hw1")
    skeleton, reference = skeleton_files(assignment), reference_files(assignment)
    assert set(skeleton) == set(reference) == HW1
    changed = {name for name in HW1 if skeleton[name] != reference[name]}
    assert changed == {"src/needle_hw1/ops.py", "csrc/sum.cpp"}
    assert b"answer" not in b"".join(skeleton.values())
    assert b"given_to_students" in skeleton["src/needle_hw1/ops.py"]


def test_a_symbol_that_is_not_there_is_named_with_its_file(root):
    path = root / "hw1/assignment.toml"
    path.write_text(path.read_text().replace("ops.py::scale", "ops.py::missing"))
    with pytest.raises(SymbolError, match=r"src/needle_hw1/ops\.py: missing is not defined"):
        skeleton_files(read_assignment(root / "hw1"))
    path.write_text(path.read_text().replace("ops.py::missing", "gone.py::missing"))
    with pytest.raises(FileNotFoundError, match=r"hw1 has no file src/needle_hw1/gone\.py"):
        skeleton_files(read_assignment(root / "hw1"))


def test_a_workspace_has_what_a_student_needs_and_no_answer(any_root):
    files = handout_files(any_root, "hw1")
    assert set(files) == HANDED_OUT
    for name, data in files.items():
        assert b"answer" not in data, name
        assert b"secret" not in data, name


def test_earlier_stages_have_stubs_unless_the_reference_is_asked_for(root):
    stubs, complete = handout_files(root, "hw2"), handout_files(root, "hw2", earlier="reference")
    assert set(stubs) == set(complete)
    assert b"answer" not in b"".join(stubs.values())
    changed = {name for name in stubs if stubs[name] != complete[name]}
    assert changed == {"ASSIGNMENT.md", "hw1/src/needle_hw1/ops.py", "hw1/csrc/sum.cpp"}
    assert b"answer_of_relu" not in complete["hw2/src/needle_hw2/nn.py"]
    assert b"stubs, too" in stubs["ASSIGNMENT.md"]
    assert b"are complete" in complete["ASSIGNMENT.md"]


def test_the_page_lists_questions_symbols_and_points(root):
    page = handout_files(root, "hw1")["ASSIGNMENT.md"].decode()
    assert page.startswith("# hw1: Operators\n")
    operators, native = "[Operators](hw1/checks/test_ops.py)", "[In C++](hw1/checks/test_native.py)"
    assert f"| {operators} | `Op.compute`, `scale` | `src/needle_hw1/ops.py` |" in page
    points = {"ops": (60, 7.5), "native": (Fraction(65, 2), 0)}
    page = handout_files(root, "hw1", points=points)["ASSIGNMENT.md"].decode()
    assert f"| {operators} | 67.5 | 7.5 | `Op.compute`" in page
    assert f"| {native} | 32.5 | 0 | `needle::sum`, `needle::mean` | `csrc/sum.cpp` |" in page
    assert "| **all** | **100** | **7.5** | | |" in page


@pytest.mark.parametrize("stage", sorted(p.parent.name for p in REPOSITORY.glob("hw*/checks")))
def test_the_checks_of_a_question_are_where_the_page_says(stage):
    for question in read_assignment(REPOSITORY / stage).questions:
        for path in (REPOSITORY / stage / "checks").rglob("test_*.py"):
            parts = set(re.findall(r'part="(\w+)"', path.read_text()))
            assert (f"test_{question.id}.py" == path.name) == (question.id in parts), path


def test_the_noxfile_is_read_and_not_run(root):
    assert stages_needed(root, "hw2") == ["hw1"]
    with pytest.raises(AssignmentError, match="hw7 is not a stage: shared, hw1, hw2"):
        stages_needed(root, "hw7")
    (root / "noxfile.py").write_text("x = 1\n")
    with pytest.raises(AssignmentError, match="lists the stages"):
        stages_needed(root, "hw2")


def test_a_stage_without_assignment_is_refused(root):
    (root / "hw1/assignment.toml").unlink()
    with pytest.raises(AssignmentError, match=r"has no assignment\.toml"):
        handout_files(root, "hw2")


def test_the_archive_is_the_same_in_every_run(root, tmp_path):
    write_skeleton(root, "hw1", tmp_path / "a.zip", zip=True)
    for path in root.rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file():
            path.chmod(0o755)
    write_skeleton(root, "hw1", tmp_path / "b.zip", zip=True)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == sorted(f"needle-hw1/{name}" for name in HANDED_OUT)
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}


def test_nothing_is_overwritten_and_nothing_is_left_half(root, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    write_skeleton(root, "hw1", out)  # an empty folder is as good as none
    assert {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} == HANDED_OUT
    for zip_ in (False, True):
        with pytest.raises(FileExistsError, match="is not overwritten"):
            write_skeleton(root, "hw1", out, zip=zip_)

    def full(self, data):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    before = set(tmp_path.iterdir())
    with pytest.raises(OSError, match="no space"):
        write_skeleton(root, "hw1", tmp_path / "other")
    assert set(tmp_path.iterdir()) == before


def test_leaks_are_found(root):
    assignment = read_assignment(root / "hw1")
    files = handout_files(root, "hw1")
    assert leaks(assignment, files) == []
    files["hw1/tests/test_ops.py"] += b"    answer_of_compute   = math.sqrt(x) + LIMIT\n"
    files["hw1/README.md"] += b"for (int i = 0; i < n; ++i) answer_of_sum += x[i];\n"
    found = leaks(assignment, files)
    assert [(leak.symbol.name, leak.file) for leak in found] == [
        ("Op.compute", "hw1/tests/test_ops.py"),
        ("needle::sum", "hw1/README.md"),
    ]
    assert "has a line of src/needle_hw1/ops.py::Op.compute: answer_of_c" in str(found[0])


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
def test_stubs_of_hw0_compile_without_warnings(tmp_path):
    write_skeleton(REPOSITORY, "hw0", tmp_path / "out")
    for path in (tmp_path / "out/hw0/csrc").glob("epochs.cpp"):
        assert "throw std::runtime_error" in path.read_text()
        flags = ["-std=c++20", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror"]
        subprocess.run([COMPILER, *flags, "-fsyntax-only", path], check=True)


STAGES = [p.parent.name for p in sorted(REPOSITORY.glob("hw*/assignment.toml"))]


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_handed_out_of_this_repository_compiles_and_has_no_answer(stage):
    files = handout_files(REPOSITORY, stage, earlier="reference")
    assert list(map(str, leaks(read_assignment(REPOSITORY / stage), files))) == []
    assert not [name for name in files if "/hidden" in name]
    for name, data in files.items():
        if name.endswith(".py"):
            compile(data, name, "exec", dont_inherit=True)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage in {"hw1", "hw2"}])
def test_every_test_is_collected_on_stubs(stage, tmp_path):
    if importlib.util.find_spec(f"needle_{stage}") is None:
        pytest.skip(f"{stage} is not installed, and so nothing of what its tests import")
    out = tmp_path / "out"
    write_skeleton(REPOSITORY, stage, out, earlier="reference")
    folders = [path / "src" for path in out.iterdir() if (path / "src").is_dir()]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--collect-only",
            f"{stage}/tests",
            f"{stage}/checks",
        ],
        cwd=out,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "tests collected" in done.stdout
