import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("stage", ["hw0", "hw1", "hw2", "hw3", "hw4"])
def test_the_points_of_a_stage_are_100_and_stand_in_the_document(stage: str) -> None:
    command = [sys.executable, "-m", "needle_shared.grading", "points", stage, "--markdown"]
    done = subprocess.run(
        [*command, "--root", str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "**100**" in done.stdout
    assert done.stdout in (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
