"""Question `conv_forward`: convolutions of images (N, H, W, C)."""

import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


@pytest.mark.points(4, part="conv_forward")
@pytest.mark.parametrize(
    ("x", "w", "stride", "padding"),
    [
        ((2, 6, 5, 3), (3, 3, 3, 4), 1, 0),
        ((2, 5, 6, 2), (5, 5, 2, 3), 1, 2),
        ((3, 8, 8, 2), (3, 3, 2, 4), 2, 1),
        ((2, 4, 4, 3), (1, 1, 3, 5), 1, 0),
    ],
    ids=["valid", "padded", "strided", "one pixel"],
)
def test_conv(stage, judge, rng, x, w, stride, padding):
    x, w = rng.standard_normal(x), rng.standard_normal(w)
    y = stage.conv(stage.Tensor(x), stage.Tensor(w), stride=stride, padding=padding)
    judge.close("y", y, want=lambda: oracles.convolved(x, w, stride, padding))
