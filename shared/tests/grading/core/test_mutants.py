import ast

import pytest

from needle_shared.grading.lint.mutants import mutants
from needle_shared.grading.lint.trivial import with_bodies

SOURCE = '''
class Op:
    """A - B."""

    def compute(self, a, b: int = 3):
        if a < 0:
            raise ValueError(f"{a - 1} is too small")
        total = sum_to_shape(a - b, (1, 2))
        return total / 2, -b

def other(x):
    return x + 1
'''


def test_each_mutant_differs_from_the_source_in_one_place() -> None:
    found = list(mutants(SOURCE, "Op.compute"))
    faults = [mutant.fault for mutant in found]
    assert len({mutant.source for mutant in found}) == len(found)
    for word in ("a - b -> (a + b)", "a - b -> (b - a)", "total / 2 -> (total * 2)",
                 "total / 2 -> (total)", "-b -> (b)", "2 -> (3)",
                 "sum_to_shape(a - b, (1, 2)) -> (a - b)",
                 "return total / 2, -b -> return -b, total / 2"):  # fmt: skip
        assert any(fault.endswith(word) for fault in faults), word
    for mutant in found:
        ast.parse(mutant.source)
        lines = [a != b for a, b in zip(mutant.source.split("\n"), SOURCE.split("\n"), strict=True)]
        assert sum(lines) == 1
        number = lines.index(True) + 1
        assert mutant.fault.startswith(f"line {number}:")


def test_errors_annotations_defaults_and_other_functions_are_left_alone() -> None:
    for mutant in mutants(SOURCE, "Op.compute"):
        assert 'if a < 0:\n            raise ValueError(f"{a - 1} is too small")' in mutant.source
        assert "b: int = 3" in mutant.source
        assert "return x + 1" in mutant.source
        assert "A - B" in mutant.source


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(LookupError):
        list(mutants(SOURCE, "Op.gradient"))


def test_trivial_bodies_return_the_first_argument() -> None:
    text = with_bodies(SOURCE, ["Op", "other"], "return {first} * 0")
    scope: dict[str, object] = {}
    exec(text, scope)
    assert scope["other"](7) == 0
    assert scope["Op"]().compute(5) == 0
