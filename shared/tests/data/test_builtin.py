from collections import Counter

import numpy as np
import pytest

from needle_shared.data import write_digits, write_synthetic
from needle_shared.data.builtin import MNIST_FILES


def require_sklearn():
    return pytest.importorskip("sklearn.datasets", reason="needs the extra `digits`")


@pytest.fixture
def written(tmp_path, read_idx):
    def write_and_read(write):
        write(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(MNIST_FILES)
        return [read_idx(tmp_path / name) for name in MNIST_FILES]

    return write_and_read


def test_digits_are_the_images_of_sklearn_with_their_labels(written):
    source = require_sklearn().load_digits()
    train_x, train_y, test_x, test_y = written(write_digits)
    assert train_x.shape == (1500, 28, 28)
    assert test_x.shape == (297, 28, 28)
    images = np.concatenate([train_x, test_x])
    labels = np.concatenate([train_y, test_y])
    # 255/16 = 15.94, so that rounding 16/255 of a pixel gives its intensity back
    centres = images[:, 3:26:3, 3:26:3]
    small = np.rint(centres * (16 / 255)).astype(int)
    assert np.abs(centres - small * (255 / 16)).max() <= 0.5, "rounded to nearest"
    found = Counter((x.tobytes(), int(y)) for x, y in zip(small, labels, strict=True))
    whole = source.images.astype(int)
    assert found == Counter(
        (x.tobytes(), int(y)) for x, y in zip(whole, source.target, strict=True)
    )


def test_digits_use_the_full_range_in_squares_inside_a_border(written):
    require_sklearn()
    train_x, _, test_x, _ = written(write_digits)
    images = np.concatenate([train_x, test_x])
    assert images.min() == 0
    assert images.max() == 255
    inside = images[:, 2:26, 2:26]
    assert images.sum(dtype=int) == inside.sum(dtype=int)
    squares = inside.reshape(-1, 8, 3, 8, 3)
    np.testing.assert_array_equal(squares, squares[:, :, :1, :, :1].repeat(3, 2).repeat(3, 4))


def test_both_parts_of_digits_hold_every_class_in_like_shares(written):
    require_sklearn()
    _, train_y, _, test_y = written(write_digits)
    shares = [np.bincount(y, minlength=10) / len(y) for y in (train_y, test_y)]
    assert np.abs(np.subtract(*shares)).max() < 0.05
    assert np.abs(shares[1] - 0.1).max() < 0.05


def test_digits_are_shuffled(written):
    # In scikit-learn's order 0..9 repeat for pages, so that equal neighbours are rare.
    require_sklearn()
    _, train_y, _, _ = written(write_digits)
    assert 0.05 < np.mean(train_y[1:] == train_y[:-1]) < 0.15
    assert 0.05 < np.mean(train_y[1:] == (train_y[:-1] + 1) % 10) < 0.15


def test_synthetic_has_ten_balanced_classes(written):
    train_x, train_y, test_x, test_y = written(write_synthetic)
    assert train_x.shape == (600, 28, 28)
    assert test_x.shape == (100, 28, 28)
    assert train_x.dtype == train_y.dtype == np.uint8
    assert (np.bincount(np.concatenate([train_y, test_y])) == 70).all()
    assert np.bincount(test_y, minlength=10).min() > 0


def test_synthetic_classes_are_told_apart_by_their_means(written):
    train_x, train_y, test_x, test_y = written(write_synthetic)
    means = np.stack([train_x[train_y == label].mean(0) for label in range(10)])
    distances = ((test_x[:, None] - means) ** 2).sum((2, 3))
    np.testing.assert_array_equal(distances.argmin(1), test_y)


def test_synthetic_images_of_a_class_differ(written):
    train_x, train_y, _, _ = written(write_synthetic)
    assert train_x[train_y == 3].std(0).mean() > 10
    assert len({image.tobytes() for image in train_x}) == 600


@pytest.mark.parametrize("write", [write_digits, write_synthetic])
def test_bytes_do_not_depend_on_the_state_of_random_numbers_and_leave_it(tmp_path, write):
    if write is write_digits:
        require_sklearn()
    contents = []
    for seed in (1, 2):
        np.random.seed(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        write(str(folder))
        contents.append([(folder / name).read_bytes() for name in MNIST_FILES])
    assert contents[0] == contents[1]
    after = np.random.random()
    np.random.seed(2)
    assert after == np.random.random()
