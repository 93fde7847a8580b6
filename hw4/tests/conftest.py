"""Fixtures and settings of hw4's tests: devices, and small data sets."""

import pickle

import numpy as np
import pytest

import needle_hw4 as ndl


def pytest_default_devices():
    """Name every device of hw3 that is there."""
    return [f"needle_hw3:{device.name}" for device in ndl.all_devices() if device.enabled()]


@pytest.fixture(autouse=True)
def same_weights(global_generator):
    """Let modules draw the same weights in every run, whatever ran before."""
    global_generator.seed(1)


@pytest.fixture
def here(device):
    """Return each device, and make it the default meanwhile."""
    with ndl.use_device(device):
        yield device


@pytest.fixture(scope="session")
def small_images(tmp_path_factory):
    """Write 5 x 8 training and 12 test images, whose class is their brightness; return the folder.

    The names are those of CIFAR-10's files.
    """
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    sizes = {**{f"data_batch_{number}": 8 for number in range(1, 6)}, "test_batch": 12}
    for name, size in sizes.items():
        labels = rng.permutation(np.arange(size) % 2)
        pixels = rng.integers(60, size=(size, 3072)) + 150 * labels[:, None]
        fields = {b"data": pixels.astype(np.uint8), b"labels": labels.tolist()}
        (folder / name).write_bytes(pickle.dumps(fields, protocol=4))
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": []}, protocol=4))
    return folder


@pytest.fixture(scope="session")
def small_text(tmp_path_factory):
    """Write a text in which every word follows from the one before; return the folder."""
    folder = tmp_path_factory.mktemp("text")
    sentences = ["the cat saw a dog", "a dog ran to you", "you ask <unk> things", "things end"]
    for name, count in (("train", 20), ("valid", 2), ("test", 6)):
        lines = [sentences[number % 4] for number in range(count)]
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return folder
