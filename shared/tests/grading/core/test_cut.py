import ast
import textwrap

import pytest

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
