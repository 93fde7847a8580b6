import re
import subprocess
import sys
import textwrap
from pathlib import Path

CHECKS = """
    import pytest

    @pytest.mark.points(6, part="one")
    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_shared(n):
        assert n != 2

    @pytest.mark.points(1.5, part="one", each=True)
    @pytest.mark.parametrize("n", [1, 2])
    def test_each(n):
        pass

    @pytest.mark.points(4, part="two")
    def test_error(no_such_fixture):
        pass

    @pytest.mark.points(8, part="two")
    def test_skipped():
        pytest.skip("no GPU")

    def test_without_points():
        assert False
"""


def run(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", "-c/dev/null"]
    done = subprocess.run(
        [*command, f"--rootdir={folder}", "--import-mode=importlib", str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def points(text: str) -> dict[str, tuple[float, float]]:
    found = re.findall(r"^(\S.*?) +([\d.]+) of +([\d.]+)$", text, re.MULTILINE)
    return {name: (float(earned), float(worth)) for name, earned, worth in found}


def test_points_of_checks_are_added_up_by_question(tmp_path: Path) -> None:
    checks = tmp_path / "hw9" / "checks"
    (checks / "hidden").mkdir(parents=True)
    (checks / "test_a.py").write_text(textwrap.dedent(CHECKS))
    (checks / "hidden" / "test_b.py").write_text(
        "import pytest\n@pytest.mark.points(5, part='two', hidden=True)\ndef test_b(): pass\n"
    )
    text = run(tmp_path)
    assert text.rstrip().rpartition("\n")[2].startswith("all ")
    assert points(text) == {
        "hw9 one": (7.0, 9.0),
        "hw9 two": (5.0, 9.0),
        "all": (12.0, 18.0),
    }
    assert points(run(tmp_path, "-k", "each")) == {"hw9 one": (3.0, 3.0), "all": (3.0, 3.0)}


def test_tests_without_points_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    assert "points" not in run(tmp_path)
