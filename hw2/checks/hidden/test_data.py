"""Question `data`: other shapes of images, slices with transforms, options of a loader."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


class Numbers:
    """Items that are numbers, not tuples."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        return self.values[index]


def parts(values, size):
    return [(values[start : start + size],) for start in range(0, len(values), size)]


@pytest.mark.points(0.5, part="data", hidden=True)
def test_flip_of_images_without_channels(stage, judge, rng):
    images, seed = rng.standard_normal((16, 4, 3)), int(rng.integers(2**31))
    flips = stage.data.RandomFlipHorizontal(), stage.data.RandomFlipHorizontal(1)
    np.random.seed(seed)
    results = [flips[i % 4 == 0](image.copy()) for i, image in enumerate(images)]
    judge.close(
        "images",
        results,
        want=lambda: [
            image[:, ::-1] if u < (1 if i % 4 == 0 else 0.5) else image
            for i, (image, u) in enumerate(
                zip(images, np.random.RandomState(seed).random_sample(16), strict=True)
            )
        ],
    )


@pytest.mark.points(1, part="data", hidden=True)
def test_crop_farther_than_the_image(stage, judge, rng):
    images, seed = rng.standard_normal((20, 2, 3)), int(rng.integers(2**31))
    crop = stage.data.RandomCrop(padding=4)
    np.random.seed(seed)
    judge.close(
        "images",
        [crop(image.copy()) for image in images],
        want=lambda: [
            moved(image, *shift)
            for image, shift in zip(
                images, np.random.RandomState(seed).randint(-4, 5, (20, 2)), strict=True
            )
        ],
    )


def moved(image, i, j):
    result = np.zeros_like(image)
    for row, column in np.ndindex(image.shape):
        if 0 <= row + i < image.shape[0] and 0 <= column + j < image.shape[1]:
            result[row, column] = image[row + i, column + j]
    return result


@pytest.mark.points(0.5, part="data", hidden=True)
def test_arrays_of_a_data_set_stay_as_they_are(stage, judge, rng):
    a, b = rng.standard_normal((7, 3)), rng.standard_normal(7)
    own = a.copy()
    dataset = stage.data.NDArrayDataset(own, stage.Tensor(b), a[:, 1])
    i = int(rng.integers(7))
    image, number, column = dataset[i]
    image *= 2
    judge.close("changed item", image, want=lambda: a[i] * 2)
    judge.close("its numbers", [number, column], want=lambda: [b[i], a[i, 1]])
    judge.close("the array after what __getitem__ returned was changed", own, want=lambda: a)
    batch = dataset.batch([i, i, 0])
    judge.close("a batch", batch, want=lambda: (a[[i, i, 0]], b[[i, i, 0]], a[[i, i, 0], 1]))
    batch[0][:] = 0
    judge.close("the array after what batch returned was changed", own, want=lambda: a)


@pytest.mark.points(1, part="data", hidden=True)
def test_slices_of_mnist_with_transforms(stage, judge, rng, tmp_path):
    images = rng.integers(256, size=(9, 4, 4), dtype="uint8")
    labels = rng.integers(10, size=9, dtype="uint8")
    files = tmp_path / "images.gz", tmp_path / "labels.gz"
    for path, array in zip(files, (images, labels), strict=True):
        helpers.write_idx(path, array)

    def darken(image):
        image *= 0.5  # of its own: the data set must not change
        return image

    dataset = stage.data.MNISTDataset(*files, transforms=[darken])
    for name, chosen in (("last items", slice(-3, None)), ("the same again", slice(-1, -8, -3))):
        judge.close(
            name,
            dataset[chosen],
            want=lambda chosen=chosen: (
                (images[chosen].reshape(-1, 16) / 255 / 2).astype("float32"),
                labels[chosen],
            ),
        )
    judge.close(
        "a last item",
        dataset[-2],
        want=lambda: ((images[-2].reshape(-1) / 255 / 2).astype("float32"), labels[-2]),
    )


@pytest.mark.points(0.5, part="data", hidden=True)
def test_last_batch_is_left_out(stage, judge, rng):
    values = rng.standard_normal(int(rng.integers(9, 12)))
    for size in (4, 3):
        loader = stage.data.DataLoader(Numbers(values), size, drop_last=True)
        batches = list(loader)
        for name, number in (("batches", len(batches)), ("len()", len(loader))):
            judge.value(name, number, want=lambda size=size: len(values) // size)
        judge.close(
            f"batches of {size}",
            batches,
            want=lambda size=size: [b for b in parts(values, size) if len(b[0]) == size],
        )
    alone = stage.data.DataLoader(Numbers(values), 20, drop_last=True)
    judge.value("batches of too few items", [len(alone), len(list(alone))], want=lambda: [0, 0])


@pytest.mark.points(0.5, part="data", hidden=True)
def test_passes_at_the_same_time(stage, judge, rng):
    values, seed = rng.standard_normal(6), int(rng.integers(2**31))
    loader = stage.data.DataLoader(Numbers(values), 2, shuffle=True)
    np.random.seed(seed)
    pairs = [(a, b) for (a,) in loader for (b,) in loader]
    judge.value("number of pairs", len(pairs), want=lambda: 9)
    judge.close("pairs of batches", pairs, want=lambda: nested(values, seed))


def nested(values, seed):
    generator = np.random.RandomState(seed)
    outer = parts(values[generator.permutation(6)], 2)
    return [(a, b) for (a,) in outer for (b,) in parts(values[generator.permutation(6)], 2)]


@pytest.mark.points(1, part="data", hidden=True)
def test_part_of_a_pass(stage, judge, rng):
    values, seed = rng.standard_normal(int(rng.integers(11, 15))), int(rng.integers(2**31))
    loader = stage.data.DataLoader(Numbers(values), 3, shuffle=True)
    np.random.seed(seed)
    rest = list(loader.batches(1))
    judge.value("number of the others", len(rest), want=lambda: (len(values) - 1) // 3)
    judge.close(
        "from the second batch on",
        rest,
        want=lambda: parts(values[np.random.RandomState(seed).permutation(len(values))], 3)[1:],
    )
    given = stage.data.DataLoader(Numbers(values), 3, shuffle=True, rng=np.random.default_rng(seed))
    judge.close(
        "by a generator of its own",
        list(given),
        want=lambda: parts(values[np.random.default_rng(seed).permutation(len(values))], 3),
    )
