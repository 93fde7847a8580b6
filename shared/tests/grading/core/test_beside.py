from pathlib import Path

import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of


@pytest.fixture
def checks(tmp_path: Path) -> Path:
    folder = tmp_path / "checks"
    (folder / "hidden").mkdir(parents=True)
    (folder / "oracles.py").write_text("def double(x):\n    return 2 * x\n")
    return folder


def test_visible_and_hidden_checks_have_the_same_module(checks: Path) -> None:
    oracles = oracles_of(str(checks / "test_a.py"))
    assert oracles.double(3) == 6
    assert oracles.__file__ == str(checks / "oracles.py")
    assert oracles_of(str(checks / "hidden" / "test_a.py")) is oracles


def test_stages_have_modules_of_their_own(checks: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "oracles.py").write_text("double = None\n")
    assert oracles_of(str(other / "test_a.py")).double is None
    assert oracles_of(str(checks / "test_a.py")).double(1) == 2


def test_a_stage_without_the_file_is_told_so(checks: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"checks/helpers\.py is not there"):
        helpers_of(str(checks / "hidden" / "test_a.py"))
