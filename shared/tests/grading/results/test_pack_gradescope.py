import json
import os
import shutil
import stat
import subprocess
import zipfile

import pytest

from needle_shared.grading.repository import RepositoryError
from needle_shared.grading.results.pack_gradescope import pack

ASSIGNMENT = """
stage = "{stage}"
package = "needle_{stage}"
title = "A title"
[[questions]]
id = "q"
title = "Question"
symbols = ["src/needle_{stage}/a.py::f"]
"""


@pytest.fixture
def repository(tmp_path):
    """Return a repository with stages hw1, hw2, which needs hw1, and hw3."""
    root = tmp_path / "repository"
    for stage, needs in {"hw1": "", "hw2": '"needle-hw1"', "hw3": ""}.items():
        files = {
            "assignment.toml": ASSIGNMENT.format(stage=stage),
            "pyproject.toml": f"[project]\ndependencies = [{needs}]\n",
            f"src/needle_{stage}/a.py": "def f(): ...\n",
            f"src/needle_{stage}/__pycache__/a.pyc": "x",
            f"src/needle_{stage}/_cpu.so": "x",
            "checks/hidden/test_q.py": "def test_f(): ...\n",
            "tests/test_a.py": "",
            "build/a.o": "",
            ".cache/x": "",
        }
        for name, text in files.items():
            path = root / stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (root / "shared" / "src").mkdir(parents=True)
    (root / "shared" / "pyproject.toml").write_text("[project]\n")
    (root / "LICENSE").write_text("MIT")
    (root / "secret.txt").write_text("not of a package")
    return root


NAMES = [
    "needle/LICENSE",
    "needle/hw1/assignment.toml",
    "needle/hw1/checks/hidden/test_q.py",
    "needle/hw1/pyproject.toml",
    "needle/hw1/src/needle_hw1/a.py",
    "needle/shared/pyproject.toml",
    "run_autograder",
    "setup.sh",
]


def test_the_archive_has_the_stage_and_what_it_needs(repository, tmp_path):
    assert pack(repository, "hw1", tmp_path / "a.zip") == NAMES
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == NAMES
        assert archive.read("needle/hw1/src/needle_hw1/a.py") == b"def f(): ...\n"
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert {name for name, mode in modes.items() if mode & stat.S_IXUSR} == set(NAMES[-2:])
    both = pack(repository, "hw2", tmp_path / "b.zip")
    assert {name.split("/")[1] for name in both if "/" in name} == {
        "LICENSE", "hw1", "hw2", "shared"
    }  # fmt: skip


def test_equal_files_give_equal_bytes(repository, tmp_path):
    pack(repository, "hw2", tmp_path / "a.zip")
    os.utime(repository / "hw2" / "pyproject.toml", (1, 1))
    pack(repository, "hw2", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_what_git_ignores_is_left_out(repository, tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
    (repository / ".gitignore").write_text("notes.md\n*.so\n__pycache__/\n")
    (repository / "hw1" / "notes.md").write_text("mine")
    assert pack(repository, "hw1", tmp_path / "a.zip") == NAMES


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_links_are_left_out(repository, tmp_path):
    (repository / "hw1" / "link.py").symlink_to("/etc/passwd")
    assert pack(repository, "hw1", tmp_path / "a.zip") == NAMES


def test_an_unknown_stage_is_an_error(repository, tmp_path):
    with pytest.raises(RepositoryError, match="hw9"):
        pack(repository, "hw9", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


GRADERS = {
    "graded": ('echo \'{"score": 5}\' >"${!#}"; exit 0', '{"score": 5}'),
    "invalid": ('echo \'{"score": 0}\' >"${!#}"; exit 3', '{"score": 0}'),
    "failed": ("exit 4", "Grading failed (4)."),
    "half written": ('printf \'{"score": 5\' >"${!#}"; exit 1', "Grading failed (1)."),
    "hangs": ("sleep 60", "Grading failed (124)."),
    "not there": (None, "Grading failed (127)."),
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.skipif(shutil.which("timeout") is None, reason="no coreutils")
@pytest.mark.parametrize("grader", GRADERS)
def test_there_is_a_results_json_whatever_happens(repository, tmp_path, grader):
    script, expected = GRADERS[grader]
    pack(repository, "hw1", tmp_path / "a.zip", seed=7, limit=1)
    home = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(home / "source")
    (home / "results").mkdir()
    (home / "results" / "results.json").write_text('{"score": 100}')  # of an earlier run
    (home / "venv" / "bin").mkdir(parents=True)
    if script is not None:
        command = home / "venv" / "bin" / "needle-grade"
        command.write_text(f'#!/usr/bin/env bash\necho "$@" >"{home}/arguments"\n{script}\n')
        command.chmod(0o755)
    done = subprocess.run(
        ["bash", str(home / "source" / "run_autograder")],
        env={**os.environ, "AUTOGRADER": str(home)},
        check=False,
    )
    assert done.returncode == 0
    text = (home / "results" / "results.json").read_text()
    document = json.loads(text)
    assert expected in text
    assert ("score" in document) == (grader in ("graded", "invalid"))
    assert document.get("stdout_visibility", "hidden") == "hidden"
    if script is not None:
        arguments = (home / "arguments").read_text().split()
        assert arguments[:3] == ["run", "hw1", f"{home}/submission"]
        assert arguments[3:5] == ["--seed", "7"]


def test_scripts_have_no_place_left_open(repository, tmp_path):
    pack(repository, "hw2", tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for name in ("setup.sh", "run_autograder"):
            text = archive.read(name).decode()
            assert "@" not in text.replace('"$@"', "")
            assert text.startswith("#!/usr/bin/env bash\n")
        assert '"./shared[grading,sandbox]" ./hw1 ./hw2\n' in archive.read("setup.sh").decode()
