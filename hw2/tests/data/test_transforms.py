"""Transforms of images."""

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_hw2 import data

SHAPES = [(28, 28, 1), (5, 7, 3), (1, 1, 1), (4, 6), (3, 1, 2), (0, 4, 1), (4, 0, 1), (2, 3, 0)]


def shifted(image, i, j):
    """Return image[y + i, x + j] where that is, else 0: pixel by pixel."""
    result = np.zeros_like(image)
    height, width = image.shape[:2]
    for y in range(height):
        for x in range(width):
            if 0 <= y + i < height and 0 <= x + j < width:
                result[y, x] = image[y + i, x + j]
    return result


@pytest.mark.parametrize("shape", SHAPES)
def test_certain_flip_reverses_the_width(rng, shape):
    image = rng.random(shape)
    np.testing.assert_array_equal(data.RandomFlipHorizontal(1)(image), np.flip(image, axis=1))


def test_impossible_flip_leaves_the_image(rng):
    image = rng.random((4, 5, 2))
    np.testing.assert_array_equal(data.RandomFlipHorizontal(0.0)(image), image)


@pytest.mark.parametrize("p", [0, 0.25, 0.5, 1])
def test_flip_draws_one_number_and_flips_below_p(rng, global_generator, p):
    image, flip = rng.random((3, 4, 1)), data.RandomFlipHorizontal(p)
    global_generator.seed(7)
    draws = global_generator.rand(50)
    global_generator.seed(7)
    for u in draws:
        expected = image[:, ::-1] if u < p else image
        np.testing.assert_array_equal(flip(image), expected)


def test_flip_does_not_happen_if_the_draw_equals_p(global_generator):
    global_generator.seed(1)
    u = global_generator.rand()
    global_generator.seed(1)
    image = np.arange(2.0).reshape(1, 2, 1)
    np.testing.assert_array_equal(data.RandomFlipHorizontal(u)(image), image)


def test_share_of_flips_is_p():
    flip = data.RandomFlipHorizontal(0.3, rng=np.random.default_rng(0))
    image = np.arange(2.0).reshape(1, 2, 1)
    share = np.mean([flip(image)[0, 0, 0] for _ in range(4000)])
    assert abs(share - 0.3) < 5 * (0.3 * 0.7 / 4000) ** 0.5  # five standard deviations


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("padding", [0, 1, 3, 9])
def test_crop_shifts_rows_by_its_first_draw_and_columns_by_its_second(
    rng, global_generator, shape, padding
):
    image, crop = rng.random(shape), data.RandomCrop(padding)
    global_generator.seed(11)
    shifts = [global_generator.randint(low=-padding, high=padding + 1, size=2) for _ in range(8)]
    global_generator.seed(11)
    for i, j in shifts:
        result = crop(image)
        np.testing.assert_array_equal(result, shifted(image, i, j))
        assert result.dtype == image.dtype


def test_crop_is_a_window_of_the_padded_image(rng, global_generator):
    image = rng.random((6, 5, 2))
    global_generator.seed(2)
    i, j = global_generator.randint(low=-4, high=5, size=2)
    global_generator.seed(2)
    padded = np.pad(image, [(4, 4), (4, 4), (0, 0)])
    np.testing.assert_array_equal(
        data.RandomCrop(4)(image), padded[4 + i : 10 + i, 4 + j : 9 + j, :]
    )


def test_crops_by_the_size_of_the_image_or_more_are_black():
    crop = data.RandomCrop(40, rng=np.random.default_rng(1))
    shifts = np.random.default_rng(1)
    image, black = np.ones((28, 28, 1)), 0
    for _ in range(40):
        i, j = shifts.integers(-40, 41, 2)
        inside = max(0, 28 - abs(i)) * max(0, 28 - abs(j))
        assert crop(image).sum() == inside
        black += inside == 0
    assert 5 < black < 35


def test_all_crops_are_equally_likely():
    image = np.zeros((5, 5, 1))
    image[2, 2] = 1
    crop = data.RandomCrop(2, rng=np.random.default_rng(0))
    counts = sum(crop(image) for _ in range(5000))[:, :, 0]
    assert counts.sum() == 5000  # the pixel is always inside
    chi_squared = ((counts - 200) ** 2 / 200).sum()
    assert chi_squared < 51.2  # exceeded by chance in one of a thousand (24 degrees of freedom)


def test_integer_images_stay_integer(rng):
    image = rng.integers(256, size=(4, 4, 1)).astype("uint8")
    both = data.Compose([data.RandomFlipHorizontal(), data.RandomCrop(1)])
    assert both(image).dtype == np.uint8


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int64", "bool"])
@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.25), ([1, 2, 3], [4, 5, 6]), (0.1, [1, 2, 4])])
def test_normalize_shifts_and_scales_each_channel(rng, dtype, mean, std):
    image = rng.uniform(0, 9, (4, 5, 3)).astype(dtype)
    result = data.Normalize(mean, std)(image)
    assert result.dtype == (dtype if dtype.startswith("float") else "float32")
    means, stds = np.broadcast_to(mean, 3), np.broadcast_to(std, 3)
    for channel in range(3):
        expected = (image[..., channel].astype("float64") - means[channel]) / stds[channel]
        tolerance = 20 * np.finfo(result.dtype).eps
        np.testing.assert_allclose(result[..., channel], expected, tolerance, 10 * tolerance)


@pytest.mark.parametrize("shape", [(2, 2, 1), (2, 2, 3), (0, 2, 1), (2, 3), (4, 2, 2, 1)])
def test_normalize_keeps_the_shape(shape):
    assert data.Normalize([0.5], [2.0])(np.ones(shape)).shape == shape


def test_normalize_of_other_channels_is_refused():
    with pytest.raises(ValueError, match=r"of 3 channels, the image has shape \(28, 28, 1\)"):
        data.Normalize([0, 0, 0], [1, 1, 1])(np.zeros((28, 28, 1)))


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        (0, 0, "std is above 0"),
        ([0, 0], [1, 0], "std is above 0"),
        (0, -1, "std is above 0"),
        (0, float("nan"), "finite"),
        (0, float("inf"), "finite"),
        (float("inf"), 1, "finite"),
        ([[1]], 1, "one number per channel"),
        ([1, 2], [1, 2, 3], "shape mismatch"),
    ],
)
def test_normalize_refuses_what_does_not_normalize(mean, std, message):
    with pytest.raises(ValueError, match=message):
        data.Normalize(mean, std)


def test_compose_applies_the_first_first():
    assert data.Compose([lambda x: x + 1, lambda x: x * 10])(2) == 30
    assert data.Compose([])(2) == 2


@pytest.mark.parametrize(
    "transform",
    [
        data.RandomFlipHorizontal(1),
        data.RandomCrop(3),
        data.RandomCrop(0),
        data.Normalize(0.5, 2.0),
        data.Compose([data.RandomFlipHorizontal(1), data.Normalize(1, 2), data.RandomCrop(1)]),
    ],
    ids=lambda transform: type(transform).__name__,
)
def test_transforms_leave_their_input_as_it_is(rng, transform):
    image = rng.random((6, 6, 1))
    before = image.copy()
    image.flags.writeable = False
    transform(image)
    np.testing.assert_array_equal(image, before)


def test_crop_and_normalized_image_are_new_memory():
    image = np.ones((3, 3, 1))
    for transform in (data.RandomCrop(0), data.Normalize(0, 1)):
        assert not np.shares_memory(transform(image), image)


def test_transforms_take_lists_and_tensors():
    pixels = [[[1.0], [2.0]]]
    for image in (pixels, Tensor(pixels)):
        np.testing.assert_array_equal(data.RandomFlipHorizontal(1)(image), [[[2.0], [1.0]]])


def test_transform_with_a_generator_draws_from_that_alone(rng, global_generator):
    image, before = rng.random((6, 6, 1)), global_generator.get_state()
    flip = data.RandomFlipHorizontal(0.5, rng=np.random.default_rng(3))
    crop = data.RandomCrop(2, rng=np.random.default_rng(4))
    draws, shifts = np.random.default_rng(3), np.random.default_rng(4)
    for _ in range(20):
        expected = image[:, ::-1] if draws.random() < 0.5 else image
        np.testing.assert_array_equal(flip(image), expected)
        np.testing.assert_array_equal(crop(image), shifted(image, *shifts.integers(-2, 3, 2)))
    after = global_generator.get_state()
    assert after[2] == before[2]
    np.testing.assert_array_equal(after[1], before[1])


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), float("inf")])
def test_p_outside_of_0_to_1_is_refused(p):
    with pytest.raises(ValueError, match=rf"\[0, 1\], got {p}"):
        data.RandomFlipHorizontal(p)


def test_padding_is_a_whole_number_from_0_on():
    with pytest.raises(ValueError, match="padding is at least 0, got -1"):
        data.RandomCrop(-1)
    for padding in (1.0, "3", True, None):
        with pytest.raises(TypeError, match="padding is a whole number"):
            data.RandomCrop(padding)


@pytest.mark.parametrize("transform", [data.RandomFlipHorizontal, data.RandomCrop])
def test_random_transforms_take_images_and_generators_only(transform):
    for shape in [(4,), (2, 4, 4, 1), ()]:
        with pytest.raises(ValueError, match=r"shape \(H, W, C\)"):
            transform()(np.zeros(shape))
    for rng in (0, np.random.RandomState(0)):
        with pytest.raises(TypeError, match=r"rng is a numpy\.random\.Generator"):
            transform(rng=rng)


def test_transform_without_a_call_says_its_name():
    class Blur(data.Transform):
        pass

    with pytest.raises(NotImplementedError, match=r"Blur\.__call__"):
        Blur()(np.zeros((1, 1, 1)))
