"""Question `conv_forward`, hidden: windows that end before the image does, and other settings."""

import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


@pytest.mark.points(1, part="conv_forward", hidden=True)
@pytest.mark.parametrize(
    ("stride", "padding"), [(2, 0), (3, 3)], ids=["pixels left over", "wide padding"]
)
def test_conv_sizes(stage, judge, rng, stride, padding):
    x, w = rng.standard_normal((2, 8, 5, 3)), rng.standard_normal((3, 3, 3, 2))
    y = stage.conv(stage.Tensor(x), stage.Tensor(w), stride=stride, padding=padding)
    judge.close("y", y, want=lambda: oracles.convolved(x, w, (stride,) * 2, (padding,) * 2))


@pytest.mark.points(1, part="conv_forward", hidden=True)
@pytest.mark.parametrize(
    ("dilation", "groups"), [((2, 1), 1), ((1, 2), 2)], ids=["dilated", "in groups"]
)
def test_conv_settings(stage, judge, rng, dilation, groups):
    x, w = rng.standard_normal((2, 4, 7, 9)), rng.standard_normal((2, 3, 4 // groups, 6))
    pixels = stage.permute(stage.Tensor(x), (0, 2, 3, 1))
    y = stage.conv(pixels, stage.Tensor(w), (2, 1), (1, 2), dilation, groups)
    last = x.transpose(0, 2, 3, 1)
    judge.close("y", y, want=lambda: oracles.convolved(last, w, (2, 1), (1, 2), dilation, groups))
