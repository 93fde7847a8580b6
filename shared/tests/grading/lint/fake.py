"""A tiny stage in a folder of its own, sound or with every fault that a stage can have."""

from __future__ import annotations

from pathlib import Path

STAGE = "hw9"

_ASSIGNMENT = """
stage = "hw9"
package = "needle_hw9"
title = "A tiny stage"
"""
_QUESTION = """
[[questions]]
id = "{0}"
title = "{0}"
symbols = [{1}]
"""
INIT = "from needle_hw9.sums import given, mean, shifted, steps\n"
SUMS = '''"""Sums."""


def given(x):
    return 3 * x


def mean(x):
    return x.sum() / x.size


def shifted(x, by):
    if by > 100:
        raise ValueError(f"{by} is too far")
    return x + 2 * by


def steps(n):
    total = 0
    while n > 0:
        total += n
        n -= 1
    return total
'''
_MARKS = "import numpy as np\nimport pytest\n"
SOUND = {
    "checks/test_mean.py": """
@pytest.mark.points(30, part="mean")
@pytest.mark.parametrize("axes", [1, 2], ids=["vector", "matrix"])
def test_mean(stage, judge, rng, axes):
    x = rng.standard_normal((3,) * axes)
    judge.close("mean", stage.mean(x), want=lambda: np.mean(x))
""",
    "checks/test_shift.py": """
@pytest.mark.points(15, part="shift")
def test_shifted(stage, judge, rng):
    x = rng.standard_normal(3)
    judge.close("shifted", stage.shifted(x, x[0]), want=lambda: x + 2 * x[0])
""",
    "checks/hidden/test_shift.py": """
@pytest.mark.points(15, part="shift")
def test_steps(stage, judge, rng):
    sizes = rng.integers(5, 50, size=4)
    judge.close("steps", np.hstack([stage.steps(int(n)) for n in sizes]), want=lambda: sizes)


@pytest.mark.points(5, part="shift")
def test_error(stage, judge, rng):
    judge.raises("far", ValueError, lambda: stage.shifted(rng.standard_normal(3), 200))


@pytest.mark.points(35, part="mean", timeout=2)
def test_mean_of_many(stage, judge, rng):
    x = rng.standard_normal(70)
    judge.close("mean", stage.mean(x), want=lambda: np.mean(x))
""",
}
UNSOUND = {
    # Notices nothing of `shifted`, and gives points to who returns the first argument.
    "checks/test_shift.py": """
@pytest.mark.points(30, part="shift")
def test_useless(stage, judge, rng):
    x = rng.standard_normal(3)
    judge.close("shifted", stage.shifted(x, 0), want=lambda: x)
""",
    # A constant, and a question whose only symbol is not asked for.
    "checks/test_mean.py": """
@pytest.mark.points(40, part="mean")
def test_mean(stage, judge, rng):
    x = rng.standard_normal(5)
    judge.close("mean", stage.mean(x), want=lambda: np.mean(x))


@pytest.mark.points(20, part="steps")
def test_constant(stage, judge, rng):
    judge.value("is a number", float(stage.mean(rng.standard_normal(5))) < 100)
""",
    # Points for what is given.
    "checks/hidden/test_mean.py": """
@pytest.mark.points(9, part="mean")
def test_given(stage, judge, rng):
    judge.close("given", stage.given(rng.standard_normal(3)), want=lambda: 3)
""",
}
SOUND_QUESTIONS = {"mean": ["mean"], "shift": ["shifted", "steps"]}
UNSOUND_QUESTIONS = {"mean": ["mean"], "shift": ["shifted"], "steps": ["steps"]}


def make(root: Path, checks: dict[str, str], questions: dict[str, list[str]]) -> Path:
    """Write a repository with the stage; return its root."""
    texts = [
        _QUESTION.format(name, ", ".join(f'"src/needle_hw9/sums.py::{s}"' for s in symbols))
        for name, symbols in questions.items()
    ]
    files = {
        "assignment.toml": _ASSIGNMENT + "".join(texts),
        "pyproject.toml": "[project]\ndependencies = []\n",
        "src/needle_hw9/__init__.py": INIT,
        "src/needle_hw9/sums.py": SUMS,
        **{name: _MARKS + text for name, text in checks.items()},
    }
    for name, text in files.items():
        path = root / STAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
