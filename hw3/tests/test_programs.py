"""Random programs of views, assignments and operations, run by NumPy and by each device."""

import operator

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

import needle_hw3 as nd
from needle_shared.testing import basic_indices

DEVICES = [device for device in nd.all_devices() if device.enabled()]
MAX_SIZE = 600


class Programs(RuleBasedStateMachine):
    """Arrays of NumPy and of our devices that are treated alike, and must stay equal.

    Views share memory with what they were made from, so a wrong stride or offset, a view that is a
    copy or a copy that is a view shows in the values of another array of the program.
    """

    arrays = Bundle("arrays")

    @initialize(target=arrays, shape=st.lists(st.integers(0, 4), max_size=3))
    def begin(self, shape):
        array = np.arange(int(np.prod(shape)), dtype="int64").reshape(shape)
        return array, [device.array(array) for device in DEVICES]

    def check(self, expected, found):
        for x in found:
            assert x.shape == expected.shape
            assert x.dtype == expected.dtype
            np.testing.assert_array_equal(x.numpy(), expected)
        return expected, found

    def apply(self, pair, numpys, function=None):
        array, ours = pair
        return self.check(np.asarray(numpys(array)), [(function or numpys)(x) for x in ours])

    @rule(target=arrays, pair=arrays, data=st.data())
    def index(self, pair, data):
        index = data.draw(basic_indices(pair[0].shape))
        index = index if isinstance(index, tuple) else (index,)
        if ... not in index:
            index = (*index, ...)  # else NumPy makes a scalar, which is no view
        return self.apply(pair, lambda a: a[index])

    @rule(target=arrays, pair=arrays, data=st.data())
    def permute(self, pair, data):
        order = data.draw(st.permutations(range(pair[0].ndim)))
        return self.apply(pair, lambda a: a.transpose(order), lambda x: x.permute(order))

    @rule(target=arrays, pair=arrays, data=st.data())
    def reshape(self, pair, data):
        size = pair[0].size
        rows = data.draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0] or [0]))
        shape = (rows, size // rows) if rows else (0, 3)
        copied = np.reshape(pair[0], shape)
        if pair[0].size and not np.shares_memory(copied, pair[0]):
            for x in pair[1]:
                assert x.reshape(shape)._handle.ptr() != x._handle.ptr()
        return self.apply(pair, lambda a: a.reshape(shape))

    @rule(target=arrays, pair=arrays, add=st.integers(1, 3))
    def repeat(self, pair, add):
        if pair[0].size * add > MAX_SIZE or pair[0].ndim > 4:
            add = 1
        shape = (add, *pair[0].shape)
        expected = np.broadcast_to(pair[0], shape)
        return self.check(expected, [x.broadcast_to(shape) for x in pair[1]])

    @rule(pair=arrays, source=arrays)
    def assign(self, pair, source):
        try:
            np.broadcast_to(source[0], pair[0].shape)
        except ValueError:
            return
        if not pair[0].flags.writeable:
            return
        pair[0][...] = source[0].copy()
        for x, y in zip(pair[1], source[1], strict=True):
            x[...] = y
        self.check(*pair)

    @rule(pair=arrays, value=st.integers(-9, 9), data=st.data())
    def fill(self, pair, value, data):
        index = data.draw(basic_indices(pair[0].shape))
        if pair[0].flags.writeable:
            pair[0][index] = value
            for x in pair[1]:
                x[index] = value
        self.check(*pair)

    @rule(pair=arrays, value=st.integers(-9, 9))
    def add_in_place(self, pair, value):
        if pair[0].flags.writeable:
            pair[0][...] += value
            for x in pair[1]:
                operator.iadd(x, value)
        self.check(*pair)

    @rule(target=arrays, a=arrays, b=arrays)
    def add(self, a, b):
        try:
            shape = np.broadcast_shapes(a[0].shape, b[0].shape)
        except ValueError:
            shape = None
        if shape is None or np.prod(shape) > MAX_SIZE or len(shape) > 5:
            b = a
        expected = np.asarray(a[0] + b[0] * 2, order="C")  # NumPy keeps the order of a and b
        return self.check(expected, [x + y * 2 for x, y in zip(a[1], b[1], strict=True)])

    @rule(pair=arrays, keepdims=st.booleans(), data=st.data())
    def reduce(self, pair, keepdims, data):
        axis = data.draw(st.sampled_from([None, *range(-pair[0].ndim, pair[0].ndim)]))
        self.apply(pair, lambda a: np.sum(a, axis=axis, keepdims=keepdims),
                   lambda x: nd.sum(x, axis=axis, keepdims=keepdims))  # fmt: skip

    @rule(pairs=st.lists(arrays, min_size=1, max_size=3))
    def look_at_all(self, pairs):
        for pair in pairs:
            self.check(*pair)


Programs.TestCase.settings = settings(max_examples=1000, stateful_step_count=15)
TestPrograms = Programs.TestCase
