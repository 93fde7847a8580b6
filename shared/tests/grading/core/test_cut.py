import ast
import textwrap

import pytest

from needle_shared.grading.catalogue import CatalogueError
from needle_shared.grading.cut import without_oracles


def cut(source: str) -> str:
    return without_oracles(textwrap.dedent(source))


def test_an_oracle_and_all_that_only_it_used_are_gone() -> None:
    text = cut('''
        """Checks."""
        import numpy as np
        import scipy.special
        from helpers import oracle as other

        SECRET = 42
        SHAPES = [(1, 2)]

        def softmax(x):
            """The answer."""
            return np.exp(x) / total(x) * SECRET

        def total(x):
            return np.exp(x).sum()

        def prepared(rng):
            return rng.standard_normal(SHAPES[0])

        def test_softmax(stage, judge, rng):
            x = prepared(rng)
            def local(y):
                return softmax(y)
            again = lambda: local(x)
            judge.close("loss", stage.softmax(x), want=lambda: local(x) + again() + other(x))
    ''')
    assert "prepared" in text
    assert "SHAPES" in text
    for word in ("want", "SECRET", "42", "softmax(x):", "total", "scipy", "oracle", "answer",
                 "local", "again", "np"):  # fmt: skip
        assert word not in text, word


def test_what_a_check_needs_is_kept_in_order() -> None:
    source = """
        from __future__ import annotations
        import pytest
        BASE = 3
        SHAPES = [BASE, 4]
        class Helper:
            size = BASE
        @pytest.fixture
        def helper():
            return Helper()
        @pytest.mark.points(1, part="x")
        @pytest.mark.parametrize("n", SHAPES)
        def test_x(judge, helper, n):
            judge.value("n", helper.size + n, want=lambda: 7)
    """
    tree = ast.parse(cut(source))
    names = [getattr(n, "name", type(n).__name__) for n in tree.body]
    assert names == ["ImportFrom", "Import", "Assign", "Assign", "Helper", "helper", "test_x"]
    scope: dict[str, object] = {}
    exec(compile(tree, "checks", "exec"), scope)
    assert "test_x" in scope


@pytest.mark.parametrize("method", ["close", "value", "shape", "same_memory", "speed"])
def test_every_method_of_the_judge_loses_its_oracle(method: str) -> None:
    text = cut(f"""
        def test_x(judge, stage):
            judge.{method}("x", stage.f(), rtol=1e-3, want=lambda: secret())
        def secret():
            return 1
    """)
    assert "secret" not in text
    assert "rtol" in text


def test_other_calls_keep_their_arguments() -> None:
    assert "want=1" in cut("def test_x(stage):\n    stage.f(want=1)\n")


def test_a_check_whose_body_was_an_oracle_stays_a_function() -> None:
    assert "pass" in cut('def test_x(judge):\n    """What is expected."""\n')


BESIDE = """
    from needle_shared.grading.inside.beside import helpers_of
    from needle_shared.grading.local import oracles_of

    helpers = helpers_of(__file__)
    oracles = oracles_of(__file__)

    def test_x(stage, judge, rng):
        x = {x}
        judge.close("x", stage.f(x), want=lambda: oracles.f(x))
"""


def test_oracles_beside_the_checks_are_gone_and_helpers_are_not() -> None:
    text = cut(BESIDE.format(x="helpers.draw(rng)"))
    assert "oracles" not in text
    assert "grading.local" not in text
    assert text.startswith("from needle_shared.grading.inside.beside import helpers_of\n")
    assert "helpers = helpers_of(__file__)" in text
    assert "helpers" not in cut(BESIDE.format(x="rng.random(3)"))


def test_a_module_of_inside_is_no_oracle() -> None:
    source = "import {0}\ndef test_x(stage):\n    stage.f({0})\n"
    assert "import" in cut(source.format("needle_shared.grading.inside"))
    for name in ("needle_shared", "needle_shared.grading.insides", "needle_shared.testing"):
        with pytest.raises(CatalogueError, match=r"line 3: 'needle_shared' is used outside"):
            cut(source.format(name))


@pytest.mark.parametrize(
    ("x", "line", "name"),
    [
        ("oracles.draw(rng)", 9, "oracles"),
        ("[y for y in (oracles_of(__file__),)]", 9, "oracles_of"),
        ("table", 9, "table"),
        ("known(rng)", 13, "oracles"),
    ],
    ids=["in a check", "loaded there", "by a table", "by a function"],
)
def test_an_oracle_outside_of_want_is_refused(x: str, line: int, name: str) -> None:
    source = (
        BESIDE.format(x=x)
        + """
    def known(rng):
        return oracles.f(rng)
"""
    )
    source = source.replace(
        "oracles_of(__file__)\n\n", "oracles_of(__file__)\n    table = oracles.f(3)\n"
    )
    with pytest.raises(CatalogueError) as caught:
        without_oracles(textwrap.dedent(source), "hw9/checks/test_x.py")
    assert str(caught.value) == (
        f"hw9/checks/test_x.py, line {line}: {name!r} is used outside of want=, "
        "and the sandbox has no oracles"
    )
