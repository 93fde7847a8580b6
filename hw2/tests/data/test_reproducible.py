"""The same batches from the same state of a generator: with workers, and from the middle."""

import threading

import numpy as np
import pytest

from needle_hw2 import data


@pytest.fixture
def loader(mnist):
    """Return a function that makes a loader of shuffled, flipped and shifted images."""
    dataset = mnist([data.RandomFlipHorizontal(), data.RandomCrop(2)])

    def make(seed=0, **options):
        rng = np.random.default_rng(seed)
        return data.DataLoader(dataset, 5, shuffle=True, rng=rng, **options)

    return make


def values(batches):
    return [(X.numpy().tolist(), y.numpy().tolist()) for X, y in batches]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_batches_do_not_depend_on_the_number_of_workers(loader, workers):
    alone, helped = loader(), loader(num_workers=workers)
    for _ in range(3):
        assert values(alone) == values(helped)


def test_global_generator_is_not_touched(loader, global_generator):
    before = global_generator.get_state()
    for workers in (0, 2):
        values(loader(num_workers=workers))
    after = global_generator.get_state()
    assert after[2] == before[2]
    np.testing.assert_array_equal(after[1], before[1])


def test_batches_do_not_depend_on_the_global_generator(loader, global_generator):
    found = []
    for seed in (0, 1):
        global_generator.seed(seed)
        found.append(values(loader()))
    assert found[0] == found[1]


def test_pass_draws_its_order_and_one_seed(mnist):
    rng, expected = np.random.default_rng(9), np.random.default_rng(9)
    loader = data.DataLoader(mnist([data.RandomCrop(1)]), 5, shuffle=True, rng=rng)
    for _ in range(2):
        batches = iter(loader)
        order = expected.permutation(12)
        expected.integers(2**63)
        assert rng.bit_generator.state == expected.bit_generator.state
        list(batches)
        assert rng.bit_generator.state == expected.bit_generator.state
        np.testing.assert_array_equal(np.concatenate(loader.ordering), order)


def test_draws_of_a_batch_come_from_the_seed_of_the_pass_and_its_number():
    images = np.arange(24.0).reshape(6, 2, 2, 1)

    class Flipped(data.NDArrayDataset):
        def __getitem__(self, index):
            (image,) = super().__getitem__(index)
            return (flip(image),)

    flip = data.RandomFlipHorizontal(0.5)
    for seed in range(5):
        expected = np.random.default_rng(seed)
        of_pass = int(expected.integers(2**63))
        loader = data.DataLoader(Flipped(images), 2, rng=np.random.default_rng(seed))
        for number, (X,) in enumerate(loader):
            draws = np.random.default_rng([of_pass, number]).random(2)
            for image, u, row in zip(images[2 * number :], draws, X.numpy(), strict=False):
                np.testing.assert_array_equal(row, image[:, ::-1] if u < 0.5 else image)


@pytest.mark.parametrize("workers", [0, 2])
def test_pass_that_was_left_goes_on_with_the_same_batches(loader, workers):
    whole = values(loader(7))
    interrupted = loader(7, num_workers=workers)
    state = interrupted.rng.bit_generator.state
    batches = iter(interrupted)
    begun = values([next(batches), next(batches)])
    del batches
    resumed = loader(123, num_workers=workers)
    resumed.rng.bit_generator.state = state
    assert begun + values(resumed.batches(2)) == whole
    unbroken = loader(7)
    list(unbroken)
    assert values(resumed) == values(unbroken)  # the passes that follow, too


def test_active_generator_is_that_of_the_batch_and_of_nothing_else():
    seen = []

    class Watching(data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            seen.append(data.active_generator())
            return index

    for workers in (0, 1):
        seen.clear()
        for _ in data.DataLoader(Watching(), 2, rng=np.random.default_rng(0), num_workers=workers):
            assert data.active_generator() is None
        assert seen[0] is seen[1]
        assert seen[2] is seen[3]
        assert seen[0] is not seen[2]
        assert all(isinstance(generator, np.random.Generator) for generator in seen)
        seen.clear()
        list(data.DataLoader(Watching(), 2, num_workers=workers))
        assert seen == [None] * 4


def test_transform_with_its_own_generator_keeps_it_in_a_loader(mnist):
    own = data.RandomCrop(2, rng=np.random.default_rng(1))
    loader = data.DataLoader(mnist([own]), 12, rng=np.random.default_rng(0))
    ((X, _),) = loader
    crop, plain = data.RandomCrop(2, rng=np.random.default_rng(1)), mnist()
    for row, (image, _) in zip(X.numpy(), plain, strict=True):
        np.testing.assert_array_equal(row, crop(image.reshape(6, 6, 1)).reshape(36))


def test_without_a_generator_transforms_draw_from_the_global_one_in_the_order_of_items(
    mnist, global_generator
):
    dataset = mnist([data.RandomFlipHorizontal(), data.RandomCrop(2)])
    global_generator.seed(2)
    order = global_generator.permutation(12)
    expected = [dataset[i][0] for i in order]
    global_generator.seed(2)
    found = [row for X, _ in data.DataLoader(dataset, 5, shuffle=True) for row in X.numpy()]
    np.testing.assert_array_equal(found, expected)


def test_threads_of_two_loaders_do_not_share_a_generator(loader):
    expected, found = values(loader(3)), {}

    def run(name):
        found[name] = [values(loader(3, num_workers=2)) for _ in range(5)]

    threads = [threading.Thread(target=run, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(batches == expected for passes in found.values() for batches in passes)
    assert len(found) == 4
