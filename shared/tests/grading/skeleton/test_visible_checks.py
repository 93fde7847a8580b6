import pytest

from needle_shared.grading.skeleton.visible_checks import visible_checks

SOURCE = """\
import numpy as np
import pytest


def oracle(x):
    return x


def secret_oracle(x):
    return deeper(x)


def deeper(x):
    return x


def used_by_nobody(x):
    return x


@pytest.mark.points(5, part="a")
def test_seen(judge):
    judge.close("x", 1, want=lambda: oracle(1))


@pytest.mark.points(5, part="a", hidden=True)
@pytest.mark.parametrize("n", [1, 2])
def test_secret(judge, n):
    judge.close("x", 1, want=lambda: oracle(secret_oracle(n)))


@pytest.mark.points(5, part="a", hidden=False)
def test_seen_too(judge):
    pass
"""


def test_hidden_checks_go_with_what_they_alone_used():
    out = visible_checks(SOURCE)
    for name in ("secret", "deeper", "hidden=True"):
        assert name not in out
    for name in ("def oracle", "used_by_nobody", "def test_seen(", "def test_seen_too("):
        assert name in out


def test_a_file_without_hidden_checks_is_as_it_was():
    source = SOURCE.replace("hidden=True", "hidden=False")
    assert visible_checks(source) == source
    assert visible_checks("x = 1\n") == "x = 1\n"


@pytest.mark.parametrize(
    "source",
    [
        SOURCE.replace("hidden=False", "hidden=True").replace('"a")', '"a", hidden=True)'),
        "import pytest\npytestmark = pytest.mark.points(1, hidden=True)\ndef test(): pass\n",
        "import pytest\npytestmark = [pytest.mark.points(1, hidden=HIDE)]\ndef test(): pass\n",
    ],
)
def test_a_file_with_nothing_but_hidden_checks_is_not_handed_out(source):
    assert visible_checks(source) is None
