"""Passes over a data set: sizes, order, tensors, and memory."""

import weakref
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw1 import Tensor, cpu, use_device
from needle_hw2 import data
from needle_shared.testing import run_python


def arrays(count):
    return np.arange(2 * count, dtype="float32").reshape(count, 2), np.arange(count, dtype="uint8")


def labels(batches):
    """Return the second field of the batches, as one list."""
    return [int(label) for _, y in batches for label in y.numpy()]


@given(st.integers(1, 40), st.integers(1, 45), st.booleans(), st.booleans(), st.integers(0, 2))
def test_pass_has_every_item_once_in_batches_of_one_size(count, size, shuffle, drop, workers):
    loader = data.DataLoader(
        data.NDArrayDataset(np.arange(count)),
        size,
        shuffle,
        drop_last=drop,
        num_workers=workers,
        rng=np.random.default_rng(count),
    )
    found = [x.numpy() for (x,) in loader]
    rest = count % size
    sizes = [size] * (count // size) + ([rest] if rest and not drop else [])
    assert [len(x) for x in found] == sizes
    assert len(loader) == len(sizes)
    items = [int(i) for x in found for i in x]
    assert len(set(items)) == len(items)
    assert set(items) <= set(range(count))
    if not shuffle:
        assert items == list(range(len(items)))


def test_batches_are_tuples_of_constant_tensors(device):
    X, y = arrays(5)
    loader = data.DataLoader(data.NDArrayDataset(X, y), 2, device=device)
    for number, batch in enumerate(loader):
        assert isinstance(batch, tuple)
        rows = slice(2 * number, 2 * number + 2)
        for tensor, array in zip(batch, (X, y), strict=True):
            assert type(tensor) is Tensor
            assert tensor.is_leaf()
            assert not tensor.requires_grad
            assert tensor.device == device
            np.testing.assert_array_equal(tensor.numpy(), array[rows])
    assert batch[0].shape == (1, 2)
    assert batch[1].shape == (1,)


def test_labels_of_mnist_stay_uint8_in_batches(mnist):
    for transforms in (None, [data.RandomCrop(1)]):
        images, found = next(iter(data.DataLoader(mnist(transforms), 5)))
        assert (images.dtype, found.dtype) == (np.float32, np.uint8)
        assert (images.shape, found.shape) == ((5, 36), (5,))


def test_batches_of_mnist_are_its_slices(mnist):
    dataset = mnist()
    for number, (images, found) in enumerate(data.DataLoader(dataset, 5)):
        expected = dataset[5 * number : 5 * number + 5]
        np.testing.assert_array_equal(images.numpy(), expected[0])
        np.testing.assert_array_equal(found.numpy(), expected[1])


@pytest.mark.parametrize("count", [1, 2, 10, 101])
def test_shuffle_draws_one_permutation_of_the_global_generator(global_generator, count):
    X, y = arrays(count)
    loader = data.DataLoader(data.NDArrayDataset(X, y), 4, shuffle=True)
    global_generator.seed(6)
    shuffled = np.arange(count)
    global_generator.shuffle(shuffled)
    second = global_generator.permutation(count)
    after = global_generator.random()
    global_generator.seed(6)
    assert labels(loader) == shuffled.tolist()
    assert labels(loader) == second.tolist()
    assert global_generator.random() == after


def test_order_is_drawn_when_the_pass_begins(global_generator):
    loader = data.DataLoader(data.NDArrayDataset(*arrays(30)), 4, shuffle=True)
    global_generator.seed(6)
    expected = global_generator.permutation(30)
    after = global_generator.random()
    global_generator.seed(6)
    batches = iter(loader)
    assert global_generator.random() == after
    assert labels(batches) == expected.tolist()


def test_without_shuffle_nothing_is_drawn(global_generator):
    global_generator.seed(6)
    expected = global_generator.random()
    global_generator.seed(6)
    assert labels(data.DataLoader(data.NDArrayDataset(*arrays(9)), 4)) == list(range(9))
    assert global_generator.random() == expected


@pytest.mark.parametrize("shuffle", [False, True])
def test_ordering_is_what_the_latest_pass_visits(shuffle):
    loader = data.DataLoader(data.NDArrayDataset(*arrays(10)), 4, shuffle, drop_last=True)
    for _ in range(2):
        batches = list(loader)
        assert [y.numpy().tolist() for _, y in batches] == [i.tolist() for i in loader.ordering]
    assert [len(indices) for indices in loader.ordering] == [4, 4]


def test_settings_can_be_read():
    dataset = data.NDArrayDataset(np.arange(3))
    loader = data.DataLoader(dataset, 2, True)
    assert (loader.dataset, loader.batch_size, loader.shuffle) == (dataset, 2, True)
    assert data.DataLoader(dataset).batch_size == 1
    assert not data.DataLoader(dataset).shuffle
    assert [i.tolist() for i in data.DataLoader(dataset, 2).ordering] == [[0, 1], [2]]


@pytest.mark.parametrize("workers", [0, 2])
def test_passes_at_once_have_orders_of_their_own(workers):
    dataset = data.NDArrayDataset(*arrays(50))
    loader = data.DataLoader(
        dataset, 5, shuffle=True, num_workers=workers, rng=np.random.default_rng(0)
    )
    first, second = iter(loader), iter(loader)
    assert first is not second
    found = [[], []]
    for pair in zip(first, second, strict=True):
        for place, batch in zip(found, pair, strict=True):
            place.extend(labels([batch]))
    rng = np.random.default_rng(0)
    for place in found:
        assert place == rng.permutation(50).tolist()
        rng.integers(2**63)  # the seed of the pass
    assert next(iter(first), None) is None


@pytest.mark.parametrize("workers", [0, 1])
def test_batch_changed_in_place_leaves_the_data_set_alone(mnist, workers):
    class Slicing(data.NDArrayDataset):
        def batch(self, indices):
            return tuple(array[indices[0] : indices[-1] + 1] for array in self.arrays)

    class Views(data.NDArrayDataset):
        def __getitem__(self, index):
            return tuple(array[index] for array in self.arrays)

    X, y = arrays(12)
    digits = mnist()
    sets = [kind(X, y) for kind in (data.NDArrayDataset, Slicing, Views)] + [digits]
    before = X.copy(), y.copy(), digits.images.copy()
    for dataset in sets:
        for size in (1, 12):
            for batch in data.DataLoader(dataset, size, num_workers=workers):
                for tensor in batch:
                    tensor.cached_data[...] = 77
    for array, expected in zip((X, y, digits.images), before, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_fresh_memory_becomes_a_tensor_without_a_copy():
    made = []

    class Fresh(data.NDArrayDataset):
        def batch(self, indices):
            made.append(super().batch(indices))
            return made[-1]

    for batch in data.DataLoader(Fresh(*arrays(6)), 4, device=cpu()):
        for tensor, array in zip(batch, made[-1], strict=True):
            assert tensor.cached_data is array


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float16", "float64", ">f4"])
def test_dtypes_are_kept_in_native_byte_order(dtype):
    values = np.arange(5).astype(dtype)
    ((x,),) = data.DataLoader(data.NDArrayDataset(values), 5)
    assert x.dtype == np.dtype(dtype).newbyteorder("=")
    assert x.dtype.isnative
    np.testing.assert_array_equal(x.numpy(), values)


def test_views_that_are_not_compact_are_gathered(rng):
    base = rng.random((6, 4, 8))
    for view in (
        base.T,
        base[::-2, 1:],
        np.broadcast_to(base[0], (5, 4, 8)),
        np.asfortranarray(base),
    ):
        loader = data.DataLoader(data.NDArrayDataset(view), 2)
        np.testing.assert_array_equal(np.concatenate([x.numpy() for (x,) in loader]), view)


@pytest.mark.parametrize("workers", [0, 2])
def test_tensors_are_made_on_the_device_that_is_given(second_device, workers):
    other = second_device()
    loader = data.DataLoader(data.NDArrayDataset(*arrays(5)), 2, device=other, num_workers=workers)
    for X, y in loader:
        assert X.device == y.device == other.home
        assert X.dtype == other.xp.float32


@pytest.mark.parametrize("workers", [0, 2])
def test_tensors_are_made_on_the_default_device_of_the_consumer(second_device, workers):
    other = second_device()
    loader = data.DataLoader(data.NDArrayDataset(*arrays(6)), 2, num_workers=workers)
    batches = iter(loader)
    assert next(batches)[0].device == cpu()
    with use_device(other):
        assert next(batches)[0].device == other.home
    assert next(batches)[0].device == cpu()


def test_lists_and_other_sequences_are_data_sets():
    items = [(np.ones(2) * i, i) for i in range(5)]
    assert labels(data.DataLoader(items, 2)) == list(range(5))
    assert [x.numpy().tolist() for (x,) in data.DataLoader(range(3), 2)] == [[0, 1], [2]]


def test_items_are_read_only_when_their_batch_is_asked_for(numbered):
    dataset = numbered(9)
    batches = iter(data.DataLoader(dataset, 3))
    assert dataset.read == []
    next(batches)
    assert dataset.read == [0, 1, 2]


def test_batches_from_the_middle_are_those_of_the_pass_without_reading_the_others(numbered):
    dataset = numbered(10)
    for start in range(5):
        loaders = (
            data.DataLoader(dataset, 3, shuffle=True, rng=np.random.default_rng(4))
            for _ in range(2)
        )
        whole = labels(next(loaders))
        dataset.read.clear()
        loader = next(loaders)
        assert labels(loader.batches(start)) == whole[3 * start :]
        assert dataset.read == whole[3 * start :]
        assert [int(i) for indices in loader.ordering for i in indices] == whole


def test_start_past_the_last_batch_is_refused_before_anything_is_drawn():
    rng = np.random.default_rng(0)
    loader = data.DataLoader(data.NDArrayDataset(np.arange(5)), 2, shuffle=True, rng=rng)
    state = rng.bit_generator.state
    with pytest.raises(ValueError, match="start is at most 3, the number of batches, got 4"):
        loader.batches(4)
    with pytest.raises(ValueError, match="start is at least 0, got -1"):
        loader.batches(-1)
    with pytest.raises(TypeError, match="start is a whole number"):
        loader.batches(1.0)
    assert rng.bit_generator.state == state
    assert list(loader.batches(3)) == []


def test_length_follows_the_data_set(numbered):
    dataset = numbered(4)
    loader = data.DataLoader(dataset, 2)
    dataset.count = 7
    assert len(loader) == len(list(loader)) == 4
    dataset.count = 0
    with pytest.raises(ValueError, match="is empty"):
        iter(loader)


DATASET = data.NDArrayDataset(np.arange(3))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size is at least 1, got 0"),
        ({"batch_size": -3}, ValueError, "batch_size is at least 1, got -3"),
        ({"batch_size": 2.0}, TypeError, "batch_size is a whole number, got 2.0"),
        ({"batch_size": True}, TypeError, "batch_size is a whole number, got True"),
        ({"batch_size": None}, TypeError, "batch_size is a whole number, got None"),
        ({"num_workers": -1}, ValueError, "num_workers is at least 0, got -1"),
        ({"num_workers": 0.5}, TypeError, "num_workers is a whole number"),
        ({"num_workers": False}, TypeError, "num_workers is a whole number"),
        ({"rng": 0}, TypeError, "rng is a numpy.random.Generator or None, not int"),
        ({"rng": np.random.RandomState(0)}, TypeError, "not RandomState"),
        ({"device": "cpu"}, TypeError, "device is a device or None, got 'cpu'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        data.DataLoader(DATASET, **options)


def test_numbers_of_numpy_are_whole_numbers():
    loader = data.DataLoader(DATASET, np.int64(2), num_workers=np.uint8(1))
    assert len(list(loader)) == 2


@pytest.mark.parametrize("empty", [[], data.NDArrayDataset(np.zeros((0, 3)))])
def test_empty_data_set_is_refused(empty):
    with pytest.raises(ValueError, match=f"the data set, a {type(empty).__name__}, is empty"):
        data.DataLoader(empty)


def test_data_set_without_a_length_is_refused():
    class Endless(data.Dataset):
        def __getitem__(self, index):
            return index

    for dataset in (Endless(), (i for i in range(3)), 5):
        with pytest.raises(TypeError, match=f"{type(dataset).__name__} has no len"):
            data.DataLoader(dataset)


@pytest.mark.parametrize("workers", [0, 2])
def test_items_that_do_not_stack_are_named(workers):
    items = [np.zeros(3)] * 5 + [np.zeros(4)]
    batches = iter(data.DataLoader(items, 2, num_workers=workers))
    next(batches), next(batches)
    with pytest.raises(ValueError, match=r"item 5 have \(4,\), those of item 4 \(3,\)"):
        next(batches)
    assert list(batches) == []


@pytest.mark.parametrize("item", ["seven", None, 1j])
def test_fields_that_are_no_numbers_are_refused(item):
    with pytest.raises(TypeError, match="a tensor holds real numbers"):
        next(iter(data.DataLoader([item, item], 2)))


def test_pass_keeps_no_batch_but_the_last(without_gc):
    made, alive = [], []

    class Watched(data.NDArrayDataset):
        def batch(self, indices):
            alive.append(sum(known() is not None for known in made))
            (x,) = super().batch(indices)
            made.append(weakref.ref(x))
            return (x,)

    for (_,) in data.DataLoader(Watched(np.zeros((50, 10))), 5):
        pass
    assert alive == [0] + [1] * 9


def test_loader_is_freed_with_its_passes(without_gc):
    for workers in (0, 2):
        loader = data.DataLoader(data.NDArrayDataset(np.zeros(9)), num_workers=workers)
        known, batches = weakref.ref(loader), iter(loader)
        next(batches)
        del loader, batches
        assert known() is None


def test_errors_and_batches_are_the_same_without_assertions():
    code = """
import numpy as np
from needle_hw2 import data

dataset = data.NDArrayDataset(np.arange(7), np.arange(7.0))
for workers in (0, 2):
    loader = data.DataLoader(dataset, 3, num_workers=workers)
    print([x.numpy().tolist() for x, _ in loader])
for call in (
    lambda: data.DataLoader(dataset, 0),
    lambda: data.DataLoader([]),
    lambda: data.NDArrayDataset(np.zeros(2), np.zeros(3)),
    lambda: next(iter(data.DataLoader([np.zeros(1), np.zeros(2)], 2))),
    lambda: data.RandomCrop(-1),
    lambda: data.random_split(dataset, [3, 3]),
):
    try:
        call()
    except ValueError as error:
        print(error)
"""
    plain, optimized = run_python(code), run_python(code, options=("-O",))
    assert plain == optimized
    lines = plain.splitlines()
    assert lines[:2] == ["[[0, 1, 2], [3, 4, 5], [6]]"] * 2
    assert len(lines) == 8


def test_orders_of_passes_differ():
    loader = data.DataLoader(
        data.NDArrayDataset(*arrays(40)), 8, shuffle=True, rng=np.random.default_rng(0)
    )
    orders = [labels(loader) for _ in range(4)]
    assert all(a != b for a, b in pairwise(orders))
