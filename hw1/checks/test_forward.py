"""Question `forward`: what each operator computes."""

import pytest


@pytest.mark.points(1, part="forward")
@pytest.mark.parametrize(
    ("a", "b"), [((3, 4), (4, 2)), ((2, 3, 4), (4, 5)), ((4,), (4, 3)), ((2, 1, 3, 4), (5, 4, 2))]
)
def test_matmul(stage, judge, rng, a, b):
    x, y = rng.standard_normal(a), rng.standard_normal(b)
    judge.close("product", stage.matmul(stage.Tensor(x), stage.Tensor(y)), want=lambda: x @ y)
