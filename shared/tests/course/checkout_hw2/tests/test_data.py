import gzip
import struct
import sys
from pathlib import Path

sys.path.append("./python")
sys.path.append("./apps")
import needle as ndl
import numpy as np
import pytest
from mlp_resnet import train_mnist


def write(filename, array):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    with gzip.open(filename, "wb") as file:
        file.write(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


@pytest.fixture(autouse=True, scope="module")
def data_dir():
    """Write a small data set into ./data, where course code looks for MNIST."""
    Path("data").mkdir(exist_ok=True)
    np.random.seed(0)
    prototypes = np.random.randint(0, 256, size=(10, 28, 28))
    for part, n in (("train", 60), ("t10k", 20)):
        y = np.random.randint(0, 10, size=n).astype(np.uint8)
        images = (prototypes[y] * np.random.rand(n, 28, 28)).astype(np.uint8)
        write(f"data/{part}-images-idx3-ubyte.gz", images)
        write(f"data/{part}-labels-idx1-ubyte.gz", y)


def mnist(part="train", transforms=None):
    return ndl.data.MNISTDataset(
        f"./data/{part}-images-idx3-ubyte.gz",
        f"./data/{part}-labels-idx1-ubyte.gz",
        transforms=transforms,
    )


def test_items_and_slices_of_mnist():
    dataset = mnist()
    assert len(dataset) == 60
    image, label = dataset[7]
    assert image.dtype == np.float32
    assert 0 <= image.min() < image.max() <= 1
    images, labels = dataset[5:9]
    assert images.shape[0] == 4
    np.testing.assert_array_equal(images[2].reshape(-1), image.reshape(-1))
    assert labels[2] == label


@pytest.mark.parametrize("batch_size", [1, 15, 100])
def test_loader_gives_all_items_in_order(batch_size):
    dataset = mnist("t10k")
    loader = ndl.data.DataLoader(dataset=dataset, batch_size=batch_size, shuffle=False)
    images, labels = [], []
    for i, batch in enumerate(loader):
        X, y = batch
        assert isinstance(X, ndl.Tensor)
        assert isinstance(y, ndl.Tensor)
        assert y.shape == (min(batch_size, 20 - i * batch_size),)
        images.append(X.numpy())
        labels.append(y.numpy())
    np.testing.assert_array_equal(np.concatenate(labels), dataset[0:20][1])
    np.testing.assert_array_equal(np.concatenate(images), dataset[0:20][0])


def test_shuffling_is_one_permutation_a_pass():
    dataset = ndl.data.NDArrayDataset(np.arange(100))
    loader = iter(ndl.data.DataLoader(dataset=dataset, batch_size=10, shuffle=True))
    assert next(loader)[0].shape == (10,)
    np.random.seed(6)
    loader = ndl.data.DataLoader(dataset=dataset, batch_size=30, shuffle=True)
    passes = [np.concatenate([x.numpy() for (x,) in loader]) for _ in range(2)]
    np.random.seed(6)
    for found in passes:
        expected = np.arange(100)
        np.random.shuffle(expected)
        np.testing.assert_array_equal(found, expected)


def test_flip_draws_once():
    image = np.random.rand(4, 5, 1)
    flip = ndl.data.RandomFlipHorizontal(p=0.5)
    np.random.seed(1)
    found = [flip(image) for _ in range(20)]
    np.random.seed(1)
    draws = [np.random.rand() for _ in range(20)]
    for draw, flipped in zip(draws, found, strict=True):
        np.testing.assert_array_equal(flipped, image[:, ::-1] if draw < 0.5 else image)


def test_crop_shifts_rows_by_the_first_number_and_columns_by_the_second():
    image = np.random.rand(5, 4, 1)
    crop = ndl.data.RandomCrop(padding=2)
    for seed in range(20):
        np.random.seed(seed)
        found = crop(image)
        np.random.seed(seed)
        i, j = np.random.randint(low=-2, high=3, size=2)
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        np.testing.assert_array_equal(found, padded[2 + i : 7 + i, 2 + j : 6 + j])


def test_transforms_of_mnist_get_images_with_a_channel():
    shapes = []

    class Record(ndl.data.data_transforms.Transform):
        def __call__(self, x):
            shapes.append(x.shape)
            return x

    dataset = mnist(transforms=[Record(), ndl.data.RandomCrop(28), Record()])
    np.random.seed(0)
    image, _ = dataset[3]
    assert shapes == [(28, 28, 1), (28, 28, 1)]
    np.random.seed(0)
    i, j = np.random.randint(low=-28, high=29, size=2)
    original = mnist()[3][0].reshape(28, 28)
    expected = np.pad(original, 28)[28 + i : 56 + i, 28 + j : 56 + j]
    np.testing.assert_array_equal(image.reshape(28, 28), expected)


def test_modules_by_their_full_names():
    from needle.data.data_basic import DataLoader, Dataset
    from needle.data.datasets.mnist_dataset import MNISTDataset
    from needle.data.datasets.ndarray_dataset import NDArrayDataset

    assert DataLoader is ndl.data.DataLoader
    assert issubclass(MNISTDataset, Dataset)
    assert NDArrayDataset is ndl.data.datasets.NDArrayDataset


def test_train_mnist_gives_errors_and_losses_and_is_reproducible():
    settings = {"batch_size": 20, "epochs": 2, "hidden_dim": 10, "data_dir": "./data"}
    results = [train_mnist(optimizer=ndl.optim.SGD, lr=0.01, **settings) for _ in range(2)]
    assert results[0] == results[1]
    train_error, train_loss, test_error, test_loss = results[0]
    assert 0 <= train_error <= 1
    assert 0 <= test_error <= 1
    assert train_loss > 0
    assert test_loss > 0
