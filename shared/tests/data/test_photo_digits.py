import pickle

import numpy as np
import pytest

from needle_shared.data import photo_digits, write_digits_on_photo
from needle_shared.data.photo_digits import CIFAR10_FILES


@pytest.fixture(scope="module")
def sources():
    """Return scikit-learn's digits and photographs."""
    datasets = pytest.importorskip("sklearn.datasets", reason="needs the extra `photos`")
    pytest.importorskip("PIL", reason="needs the extra `photos`")
    return datasets.load_digits(), np.stack(datasets.load_sample_images().images)


@pytest.fixture(scope="module")
def folder(sources, tmp_path_factory):
    """Write 200 images per file, where the real ones have 4,000."""
    folder = tmp_path_factory.mktemp("digits-on-photo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photo_digits, "IMAGES_PER_FILE", 200)
        write_digits_on_photo(folder)
    return folder


def read(path):
    return pickle.loads(path.read_bytes(), encoding="bytes")


def test_files_have_the_format_of_cifar_10(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(CIFAR10_FILES)
    for name in CIFAR10_FILES[1:]:
        fields = read(folder / name)
        assert list(fields) == [b"batch_label", b"labels", b"data", b"filenames"]
        assert fields[b"data"].shape == (200, 3072)
        assert fields[b"data"].dtype == np.uint8
        assert {type(label) for label in fields[b"labels"]} == {int}
        assert len(set(fields[b"filenames"])) == len(fields[b"labels"]) == 200
        assert b"DigitsOnPhoto" in fields[b"batch_label"]
    meta = read(folder / "batches.meta")
    assert meta[b"label_names"] == [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"]
    assert (meta[b"num_cases_per_batch"], meta[b"num_vis"]) == (200, 3072)


def test_classes_are_balanced_and_shuffled(folder):
    for name in CIFAR10_FILES[1:]:
        labels = np.array(read(folder / name)[b"labels"])
        assert (np.bincount(labels) == 20).all()
        assert 0.01 < np.mean(labels[1:] == labels[:-1]) < 0.25
        assert np.mean(np.diff(labels) == 1) < 0.25


def test_all_images_differ(folder):
    images = [
        image.tobytes() for name in CIFAR10_FILES[1:] for image in read(folder / name)[b"data"]
    ]
    assert len(set(images)) == 1200


def test_bytes_do_not_depend_on_the_state_of_random_numbers_and_leave_it(tmp_path, monkeypatch,
                                                                         folder):  # fmt: skip
    monkeypatch.setattr(photo_digits, "IMAGES_PER_FILE", 200)
    np.random.seed(1)
    write_digits_on_photo(str(tmp_path))
    for name in CIFAR10_FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    after = np.random.random()
    np.random.seed(1)
    assert after == np.random.random()


def recorded(monkeypatch, name):
    """Return the list into which calls of a function of the module put arguments and results."""
    calls, function = [], getattr(photo_digits, name)

    def record(*arguments):
        calls.append((*arguments, function(*arguments)))
        return calls[-1][-1]

    monkeypatch.setattr(photo_digits, name, record)
    return calls


def test_test_images_share_no_digit_and_no_pixel_of_a_photo_with_the_others(
    sources, tmp_path, monkeypatch
):
    digits, photos = sources
    monkeypatch.setattr(photo_digits, "IMAGES_PER_FILE", 200)
    calls = recorded(monkeypatch, "_images")
    write_digits_on_photo(tmp_path)
    for call in calls[:5]:
        np.testing.assert_array_equal(call[0], digits.images[:1500] / 16)
        np.testing.assert_array_equal(call[1], digits.target[:1500])
        np.testing.assert_array_equal(call[2], photos[:, :, :448])
    np.testing.assert_array_equal(calls[5][0], digits.images[1500:] / 16)
    np.testing.assert_array_equal(calls[5][1], digits.target[1500:])
    np.testing.assert_array_equal(calls[5][2], photos[:, :, 448:])
    assert len({call[3] for call in calls}) == 6, "files with equal seeds would be equal"


def test_label_of_an_image_is_the_digit_on_it(sources, monkeypatch):
    _, photos = sources
    monkeypatch.setattr(photo_digits, "IMAGES_PER_FILE", 300)
    calls = recorded(monkeypatch, "_strokes")
    target = np.arange(40) % 10
    digits = np.ones((40, 8, 8)) * (np.arange(40) / 100)[:, np.newaxis, np.newaxis]
    _, labels = photo_digits._images(digits, target, photos, 4)
    chosen = np.rint(calls[0][0][:, 0, 0] * 100).astype(int)
    np.testing.assert_array_equal(chosen % 10, labels)
    assert set(chosen) == set(range(40)), "all digits of a class are used"


def test_pieces_are_parts_of_the_photos_at_three_scales(rng):
    photos = np.arange(2 * 100 * 110 * 3).reshape(2, 100, 110, 3)
    pieces = photo_digits._pieces(photos, photo_digits._uniforms(3, 300))
    assert pieces.shape == (300, 3, 32, 32)
    strides, which, corners = set(), set(), set()
    for piece in pieces:
        number, top, left, _ = np.unravel_index(piece[0, 0, 0], photos.shape)
        stride = int(piece[0, 0, 1] - piece[0, 0, 0]) // 3
        part = photos[number, top : top + 32 * stride : stride, left : left + 32 * stride : stride]
        np.testing.assert_array_equal(piece, part.transpose(2, 0, 1))
        strides.add(stride)
        which.add(int(number))
        corners.add((int(top), int(left)))
    assert strides == {1, 2, 3}
    assert which == {0, 1}
    assert len(corners) > 200


def test_strokes_are_the_digit_enlarged_where_nothing_turns_or_moves_it(sources):
    digit = sources[0].images[5:6] / 16
    # enlarged 4 times: not in the range of the draws, but then pixels fall on quarters
    draws = iter(np.array([[(4 - 2.2) / 1.4], [0.5], [0.5], [0.5]]))
    found = photo_digits._strokes(digit, draws)[0]
    grid = np.clip(1.3 * digit[0], 0, 1)
    # the mean of the 4 pixels around the centre of a square of 4x4 is near the square's own value
    centres = found.reshape(8, 4, 8, 4)[:, 1:3, :, 1:3].mean((1, 3))
    assert np.corrcoef(centres.ravel(), grid.ravel())[0, 1] > 0.97
    turned = photo_digits._strokes(digit, iter(np.array([[1.28], [0.9], [0.5], [0.5]])))[0]
    assert np.abs(turned - found).max() > 0.2
    moved = photo_digits._strokes(digit, iter(np.array([[(4 - 2.2) / 1.4], [0.5], [1.0], [0.0]])))[
        0
    ]
    np.testing.assert_allclose(moved[2:, :-2], found[:-2, 2:], atol=1e-12)


def test_strokes_lie_in_0_to_1_and_each_image_has_one(sources):
    digits = sources[0].images[:300] / 16
    strokes = photo_digits._strokes(digits, photo_digits._uniforms(1, 300))
    assert strokes.shape == (300, 32, 32)
    assert strokes.min() == 0
    assert strokes.max() == 1
    assert strokes.max((1, 2)).min() > 0.8


def test_ink_is_lighter_in_some_images_and_darker_in_others(sources, monkeypatch):
    digits, photos = sources
    calls = recorded(monkeypatch, "_strokes")
    backgrounds = recorded(monkeypatch, "_pieces")
    monkeypatch.setattr(photo_digits, "IMAGES_PER_FILE", 400)
    pixels, _ = photo_digits._images(digits.images / 16, digits.target, photos, 9)
    change = pixels.astype(float) - backgrounds[0][-1]
    inside = calls[0][-1] > 0.9
    outside = calls[0][-1] == 0
    assert np.abs(change.mean(1)[outside]).max() == 0
    steps = np.array([c.mean(0)[i].mean() for c, i in zip(change, inside, strict=True) if i.any()])
    assert 0.25 < np.mean(steps > 0) < 0.75
    assert np.mean(np.abs(steps) > 30) > 0.95


def test_missing_package_is_an_error_that_names_the_extra(tmp_path, monkeypatch):
    import sys

    pytest.importorskip("sklearn.datasets", reason="needs the extra `photos`")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"needle-shared\[photos\]"):
        write_digits_on_photo(tmp_path)
