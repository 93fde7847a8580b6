"""Data sets of one's own, of arrays, and batches that are stacked item by item."""

import pickle

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_hw2 import data


def test_transforms_are_applied_in_the_order_of_the_list():
    dataset = data.Dataset([lambda x: x + 1, lambda x: x * 10])
    assert dataset.apply_transforms(2) == 30


@pytest.mark.parametrize("transforms", [None, [], ()])
def test_without_transforms_nothing_is_done(transforms):
    x = np.ones(3)
    assert data.Dataset(transforms).apply_transforms(x) is x


def test_subclass_need_not_call_the_constructor_of_its_base():
    class Plain(data.Dataset):
        def __init__(self):
            pass

    assert Plain().apply_transforms(5) == 5


@pytest.mark.parametrize("method", [len, lambda dataset: dataset[0]])
def test_what_a_subclass_must_define_says_its_name(method):
    class Empty(data.Dataset):
        pass

    with pytest.raises(NotImplementedError, match=r"^Empty\.__(len|getitem)__$"):
        method(Empty())


def test_batch_stacks_items_in_the_order_of_the_indices(numbered):
    X, y = numbered(9).batch(np.array([7, 0, 7]))
    np.testing.assert_array_equal(X, [[7, 7], [0, 0], [7, 7]])
    np.testing.assert_array_equal(y, [7, 0, 7])
    assert (X.dtype, y.dtype) == (np.float32, np.int64)


class Constant(data.Dataset):
    def __init__(self, *items):
        super().__init__()
        self.items = items

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)


def test_fields_may_be_tensors_numbers_and_lists_of_fields():
    dataset = Constant([Tensor([1.0, 2.0]), 3, 0.5, True], [Tensor([4.0, 5.0]), 6, 1.5, False])
    x, whole, real, truth = dataset.batch([1, 0])
    np.testing.assert_array_equal(x, [[4, 5], [1, 2]])
    np.testing.assert_array_equal(whole, [6, 3])
    np.testing.assert_array_equal(real, [1.5, 0.5])
    np.testing.assert_array_equal(truth, [False, True])
    assert [field.dtype.kind for field in (x, whole, real, truth)] == ["f", "i", "f", "b"]


def test_item_that_is_no_tuple_is_one_field():
    (x,) = Constant(np.zeros(3), np.ones(3)).batch([1])
    np.testing.assert_array_equal(x, [[1, 1, 1]])


def test_fields_that_do_not_stack_are_named_with_both_shapes():
    dataset = Constant((np.zeros((2, 3)), 1), (np.zeros((2, 3)), 1), (np.zeros((2, 4)), 1))
    message = r"item 2 have \(2, 4\), \(\), those of item 1 \(2, 3\), \(\)$"
    with pytest.raises(ValueError, match=message):
        dataset.batch([1, 0, 2])


def test_items_with_another_number_of_fields_do_not_stack():
    with pytest.raises(ValueError, match=r"item 1 have \(\), those of item 0 \(\), \(\)$"):
        Constant((1, 2), (1,)).batch([0, 1])


def test_stack_of_no_items_is_refused(numbered):
    with pytest.raises(ValueError, match="got no indices"):
        numbered(3).batch([])


@pytest.mark.parametrize("index", [1.5, "1", None])
def test_index_of_a_batch_that_is_no_whole_number_is_refused(numbered, index):
    with pytest.raises(TypeError):
        numbered(3).batch([0, index])


def test_subclass_with_other_items_is_not_passed_over_by_an_inherited_batch():
    class Negative(data.NDArrayDataset):
        def __getitem__(self, index):
            (x,) = super().__getitem__(index)
            return (-x,)

    class Grandchild(Negative):
        pass

    for kind in (Negative, Grandchild):
        (x,) = kind(np.arange(5)).batch([3, 1])
        np.testing.assert_array_equal(x, [-3, -1])


def test_items_of_a_mixin_count_as_well():
    class Doubled:
        def __getitem__(self, index):
            return (2 * index,)

    class Both(Doubled, data.NDArrayDataset):
        pass

    np.testing.assert_array_equal(Both(np.zeros(5)).batch([3, 1])[0], [6, 2])


def test_subclass_with_other_transforms_is_not_passed_over(mnist):
    class Dark(data.MNISTDataset):
        def apply_transforms(self, x):
            return 0 * x

    dataset = mnist()
    dataset.__class__ = Dark
    np.testing.assert_array_equal(dataset.batch([0, 1])[0], np.zeros((2, 36)))


def test_subclass_may_bring_its_own_batch():
    class Special(data.NDArrayDataset):
        def __getitem__(self, index):
            raise AssertionError("batch serves")

        def batch(self, indices):
            return (10 * np.asarray(indices),)

    class Grandchild(Special):
        pass

    np.testing.assert_array_equal(Grandchild(np.zeros(5)).batch([3, 1])[0], [30, 10])


def test_arrays_that_are_sliced_are_not_read_item_by_item(monkeypatch):
    monkeypatch.setattr(data.NDArrayDataset, "__getitem__", None)
    a, b = np.arange(12.0).reshape(4, 3), np.arange(4)
    X, y = data.NDArrayDataset(a, b).batch(np.array([3, 1]))
    np.testing.assert_array_equal(X, a[[3, 1]])
    np.testing.assert_array_equal(y, [3, 1])


SHAPES = [(4,), (4, 1), (4, 2, 3), (4, 0), (1, 5), (0, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_items_of_arrays_are_their_rows(rng, shape):
    a, b = rng.random(shape), rng.integers(9, size=shape)
    dataset = data.NDArrayDataset(a, b)
    assert len(dataset) == shape[0]
    for i in range(-shape[0], shape[0]):
        x, y = dataset[i]
        np.testing.assert_array_equal(x, a[i])
        np.testing.assert_array_equal(y, b[i])
    assert len(list(dataset)) == shape[0]  # Python's iteration ends at the IndexError


@pytest.mark.parametrize("shape", SHAPES)
def test_batches_of_arrays_are_stacks_of_items(rng, shape):
    dataset = data.NDArrayDataset(rng.random(shape).T.copy().T, rng.integers(9, size=shape))
    indices = rng.integers(shape[0], size=5) if shape[0] else np.zeros(0, dtype=int)
    for position, field in enumerate(dataset.batch(indices)):
        assert field.shape == (len(indices), *shape[1:])
        for row, i in zip(field, indices, strict=True):
            np.testing.assert_array_equal(row, dataset[i][position])


def test_slices_of_arrays_give_the_items_as_arrays():
    x, y = data.NDArrayDataset(np.arange(10.0), np.arange(10))[2:8:3]
    np.testing.assert_array_equal(x, [2, 5])
    np.testing.assert_array_equal(y, [2, 5])


def test_tensors_serve_as_arrays():
    dataset = data.NDArrayDataset(Tensor([[1.0, 2.0], [3.0, 4.0]]), [5, 6])
    x, y = dataset[1]
    assert isinstance(x, np.ndarray)
    np.testing.assert_array_equal(x, [3, 4])
    assert y == 6


def test_items_and_batches_of_arrays_are_copies():
    a = np.zeros((3, 2))
    dataset = data.NDArrayDataset(a)
    for (x,) in (dataset[0], dataset[0:2], dataset.batch([0, 1])):
        x[...] = 1
    np.testing.assert_array_equal(a, 0)


def test_arrays_themselves_are_not_copied():
    a = np.zeros((3, 2))
    dataset = data.NDArrayDataset(a)
    a[1] = 7
    np.testing.assert_array_equal(dataset[1][0], [7, 7])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((), "at least one array"),
        ((np.zeros(5), np.zeros((4, 5))), "array 0 has 5 items, array 1 has 4"),
        ((np.zeros(5), np.zeros(5), np.zeros(6)), "array 0 has 5 items, array 2 has 6"),
        ((np.zeros(1), np.float64(3)), "array 1 is 0-d"),
    ],
)
def test_arrays_that_make_no_data_set_are_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        data.NDArrayDataset(*arrays)


@pytest.mark.parametrize("index", [4, -5])
def test_index_outside_of_the_arrays_is_an_error(index):
    with pytest.raises(IndexError, match=f"{index} is out of bounds"):
        data.NDArrayDataset(np.zeros(4))[index]


def test_data_sets_can_be_pickled(mnist):
    transforms = [data.RandomCrop(2), data.Normalize(0.5, 0.25)]
    sets = [data.NDArrayDataset(np.arange(12), np.ones((12, 2))), mnist(transforms)]
    sets += [data.Subset(dataset, [3, 1]) for dataset in sets]
    for dataset in sets:
        copy = pickle.loads(pickle.dumps(dataset))
        assert len(copy) == len(dataset)
        state = np.random.default_rng(0).bit_generator.state
        for mine, its in zip(*(_first_pass(d, state) for d in (dataset, copy)), strict=True):
            np.testing.assert_array_equal(mine.numpy(), its.numpy())


def _first_pass(dataset, state):
    rng = np.random.default_rng()
    rng.bit_generator.state = state
    (batch,) = data.DataLoader(dataset, len(dataset), shuffle=True, rng=rng)
    return batch
