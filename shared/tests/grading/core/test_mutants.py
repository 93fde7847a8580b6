import ast

import pytest

from needle_shared.grading.lint.mutants import mutants
from needle_shared.grading.lint.trivial import with_bodies, without_effect

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


def faults(body: str) -> list[str]:
    """Return the mutants of a function's body, without the number of the line."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return [m.fault.partition(": ")[2] for m in mutants(f"def f(x, y):\n{lines}", "f")]


@pytest.mark.parametrize(
    "body",
    [
        "if len(x) != y:\n    held = 'less' if len(x) < y else 'more'\n    raise ValueError(held)",
        "y.record = None if is_recording() else set()",
        "y.seen = None if mode.record else set()",
        "return Tensor(x, requires_grad=False)",
        "return zip(x, y, strict=True)",
        "return x.astype(y, copy=False)",
        "return y.inputs[0].requires_grad",
        "grad = f(x) if y.requires_grad else None",
        "with nullcontext() if y else no_grad(): f(x)",
        "kernels = fused(x)\nif kernels is not None:\n    return kernels.sum(x, 1) / 2",
        "y = whole_number('y', y, at_least=1)",
    ],
)
def test_what_changes_no_value_is_left_alone(body: str) -> None:
    assert faults(body) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "return x if y else reshape(x, ())",
            ["x if y else reshape(x, ()) -> (x)", "reshape(x, ()) -> (x)"],
        ),
        (
            "return x if y else transpose(x)",
            [
                "x if y else transpose(x) -> (x)",
                "x if y else transpose(x) -> (transpose(x))",
                "transpose(x) -> (x)",
            ],
        ),
        ("return x.reshape(-1)", ["x.reshape(-1) -> (x)"]),
        ("return x.sum(-1)", ["x.sum(-1) -> (x)", "1 -> (2)"]),
        ("return np.sum(x)", ["np.sum(x) -> (x)"]),
        ("y = whole_number('y', y // 2, at_least=1)", ["y // 2 -> (y * 2)", "2 -> (3)"]),
        ("if kernels is None:\n    return 1\nelse:\n    return 2", ["1 -> (2)", "2 -> (3)"]),
        ("if x:\n    raise ValueError\nelif y:\n    return 2", ["2 -> (3)"]),
    ],
)
def test_what_stands_beside_it_is_not(body: str, expected: list[str]) -> None:
    assert sorted(faults(body)) == sorted(expected)


def test_a_trivial_constructor_makes_an_object() -> None:
    source = (
        "class A:\n    def __init__(self, x):\n        self.x = x\n    def f(self, x): return 2 * x"
    )
    scope: dict[str, object] = {}
    exec(with_bodies(source, ["A"], "return 1.0"), scope)
    made = scope["A"](5)
    assert vars(made) == {}
    assert made.f(3) == 1.0


def test_functions_in_cpp_without_effect() -> None:
    source = (
        "namespace a {\nvoid f(int* x) { *x = 1; }\nint g() { return 2; }\nvoid h() { g(); }\n}\n"
    )
    changed = without_effect(source, ["a::f", "a::g"])
    assert changed == source.replace("{ *x = 1; }", "{}")
