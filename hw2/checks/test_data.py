"""Question `data`: random flips and crops, data sets, batches.

Draws are those of NumPy's global generator, so a seed decides them.
"""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def mnist(rng, folder):
    """Return the files of some images, the images and their labels."""
    count, side = (int(number) for number in rng.integers((8, 3), (15, 7)))
    images = rng.integers(256, size=(count, side, side), dtype="uint8")
    labels = rng.integers(10, size=count, dtype="uint8")
    files = folder / "images.gz", folder / "labels.gz"
    for path, array in zip(files, (images, labels), strict=True):
        helpers.write_idx(path, array)
    return files, images, labels


def as_pixels(images):
    return (images.reshape(-1, images[0].size) / 255).astype("float32")


def flipped(seed, images, p):
    generator = np.random.RandomState(seed)
    return [image[:, ::-1] if generator.random_sample() < p else image for image in images]


def cropped(seed, images, padding):
    generator = np.random.RandomState(seed)
    for image in images:
        i, j = generator.randint(-padding, padding + 1, 2)
        height, width, _ = image.shape
        wide = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
        yield wide[padding + i : padding + i + height, padding + j : padding + j + width]


def in_batches(arrays, order, size):
    starts = range(0, len(order), size)
    return [tuple(array[order[start : start + size]] for array in arrays) for start in starts]


class Rows:
    """The least that a loader takes: a length, and items by number."""

    def __init__(self, *arrays):
        self.arrays = arrays

    def __len__(self):
        return len(self.arrays[0])

    def __getitem__(self, index):
        return tuple(array[index] for array in self.arrays)


def rows(rng):
    """Return arrays, and a size of batches that does not divide their length."""
    size = int(rng.integers(3, 6))
    count = size * int(rng.integers(2, 4)) + int(rng.integers(1, size))
    return (rng.standard_normal((count, 2, 3)), rng.integers(1000, size=count)), size


@pytest.mark.points(1.5, part="data")
@pytest.mark.parametrize("p", [0.3, 0.5, 0.7])
def test_random_flip(stage, judge, rng, p):
    images, seed = rng.standard_normal((24, 3, 4, 2)), int(rng.integers(2**31))
    flip = stage.data.RandomFlipHorizontal(p)
    np.random.seed(seed)
    judge.close(
        "images",
        [flip(image.copy()) for image in images],
        want=lambda: flipped(seed, images, p),
    )


@pytest.mark.points(1.5, part="data")
@pytest.mark.parametrize("padding", [1, 2, 3])
def test_random_crop(stage, judge, rng, padding):
    images, seed = rng.standard_normal((12, 5, 7, 2)), int(rng.integers(2**31))
    crop = stage.data.RandomCrop(padding)
    np.random.seed(seed)
    judge.close(
        "images",
        [crop(image.copy()) for image in images],
        want=lambda: list(cropped(seed, images, padding)),
    )


@pytest.mark.points(1, part="data")
def test_items_of_arrays(stage, judge, rng):
    a, b = rng.standard_normal((9, 2, 3)), rng.integers(1000, size=9)
    dataset = stage.data.NDArrayDataset(a, b)
    i = int(rng.integers(9))
    judge.close("an item", dataset[i], want=lambda: (a[i], b[i]))
    judge.close("a slice", dataset[i::-2], want=lambda: (a[i::-2], b[i::-2]))


@pytest.mark.points(1, part="data")
def test_batch_of_arrays(stage, judge, rng):
    a, b = rng.standard_normal((9, 2, 3)), rng.integers(1000, size=9)
    dataset = stage.data.NDArrayDataset(a, b)
    indices = rng.integers(9, size=6)
    judge.close("a batch", dataset.batch(indices), want=lambda: (a[indices], b[indices]))


@pytest.mark.points(1, part="data")
def test_items_of_mnist(stage, judge, rng, tmp_path):
    files, images, labels = mnist(rng, tmp_path)
    dataset = stage.data.MNISTDataset(*files)
    chosen = [*rng.integers(len(labels), size=3).tolist(), slice(1, 6, 2)]
    for name, i in zip(("an item", "an item", "an item", "a slice"), chosen, strict=True):
        image, label = dataset[i]
        judge.close(f"image of {name}", image, want=lambda i=i: as_pixels(images)[i])
        judge.close(f"label of {name}", label, want=lambda i=i: labels[i])
        judge.value(
            f"dtypes of {name}",
            [np.asarray(field).dtype.name for field in (image, label)],
            want=lambda: ["float32", "uint8"],
        )


@pytest.mark.points(1, part="data")
def test_transforms_of_mnist(stage, judge, rng, tmp_path):
    files, images, labels = mnist(rng, tmp_path)
    scale = float(rng.uniform(2, 3))
    transforms = [lambda image: np.tile(image, (1, 1, 2))[:, ::-1], lambda image: image**2 * scale]
    dataset = stage.data.MNISTDataset(*files, transforms=transforms)
    i = int(rng.integers(len(labels)))
    image, label = dataset[i]
    judge.close(
        "image",
        image,
        want=lambda: np.tile(
            (images[i] / 255).astype("float32")[:, ::-1, None] ** 2 * scale, 2
        ).reshape(-1),
    )
    judge.close("label", label, want=lambda: labels[i])


@pytest.mark.points(1, part="data")
def test_batches_in_order(stage, judge, rng):
    arrays, size = rows(rng)
    batches = list(stage.data.DataLoader(Rows(*arrays), batch_size=size))
    judge.value("number of batches", len(batches), want=lambda: -(-len(arrays[0]) // size))
    judge.close(
        "batches",
        batches,
        want=lambda: in_batches(arrays, np.arange(len(arrays[0])), size),
    )


@pytest.mark.points(0.5, part="data")
def test_number_of_batches(stage, judge, rng):
    lengths = rng.integers(1, 60, size=8).tolist()
    loaders = [stage.data.DataLoader(Rows(np.arange(n)), batch_size=5) for n in lengths]
    judge.value(
        "numbers", [len(loader) for loader in loaders], want=lambda: [-(-n // 5) for n in lengths]
    )


@pytest.mark.points(1.5, part="data")
def test_shuffled_batches(stage, judge, rng):
    arrays, size = rows(rng)
    seed = int(rng.integers(2**31))
    loader = stage.data.DataLoader(Rows(*arrays), batch_size=size, shuffle=True)
    np.random.seed(seed)
    passes = list(loader), list(loader)
    for number, (name, batches) in enumerate(zip(("first", "second"), passes, strict=True)):
        judge.value(
            f"number of batches in the {name} pass",
            len(batches),
            want=lambda: -(-len(arrays[0]) // size),
        )
        judge.close(
            f"{name} pass",
            batches,
            want=lambda number=number: shuffled(arrays, size, seed, passes=number + 1),
        )


def shuffled(arrays, size, seed, passes):
    """Return the batches of the last of some passes."""
    generator = np.random.RandomState(seed)
    orders = [generator.permutation(len(arrays[0])) for _ in range(passes)]
    return in_batches(arrays, orders[-1], size)
