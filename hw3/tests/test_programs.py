"""Random programs of views, assignments and operations, run by NumPy and by each device."""

import operator

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

import needle_hw3 as nd
from needle_shared.testing import basic_indices

MAX_SIZE = 600
PROGRAMS = 2000
PROGRAMS_ON_GPU = 150  # also where its kernels run on the host, slowly


class Programs(RuleBasedStateMachine):
    """Arrays of NumPy and of our devices that are treated alike, and must stay equal.

    Views share memory with what they were made from, so a wrong stride or offset, a view that is a
    copy or a copy that is a view shows in the values of another array of the program.
    """

    arrays = Bundle("arrays")
    devices = ()

    @initialize(target=arrays, shape=st.lists(st.integers(0, 4), max_size=3))
    def begin(self, shape):
        array = np.arange(int(np.prod(shape)), dtype="int64").reshape(shape)
        return array, [device.array(array) for device in self.devices]

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

    @rule(target=arrays, pair=arrays, data=st.data())
    def flip(self, pair, data):
        axis = data.draw(st.sampled_from([None, *range(-pair[0].ndim, pair[0].ndim)]))
        return self.apply(pair, lambda a: np.flip(a, axis) if a.ndim else a,  # NumPy copies a 0-d
                          lambda x: nd.flip(x, axis=axis))  # fmt: skip

    @rule(target=arrays, pair=arrays, dtype=st.sampled_from(["int32", "int64", "float32"]))
    def cast(self, pair, dtype):
        return self.apply(pair, lambda a: a.astype(dtype, order="C"), lambda x: nd.astype(x, dtype))

    @rule(target=arrays, pair=arrays, name=st.sampled_from(["negative", "abs", "square", "sign"]))
    def transform(self, pair, name):
        # Modulo a prime, so that squares of squares stay exact.
        return self.apply(pair, lambda a: np.asarray(getattr(np, name)(a % 31), order="C"),
                          lambda x: getattr(nd, name)(x % 31))  # fmt: skip

    @rule(target=arrays, a=arrays, b=arrays, data=st.data())
    def concat(self, a, b, data):
        if a[0].ndim == 0:
            return a
        axis = data.draw(st.integers(-a[0].ndim, a[0].ndim - 1))
        fits = [n for i, n in enumerate(a[0].shape) if i != axis % a[0].ndim]
        if b[0].ndim != a[0].ndim or fits != [
            n for i, n in enumerate(b[0].shape) if i != axis % a[0].ndim
        ]:
            b = a
        if a[0].size + b[0].size > MAX_SIZE:
            return a
        expected = np.asarray(np.concatenate([a[0], b[0]], axis), order="C")
        found = [nd.concat([x, y], axis=axis) for x, y in zip(a[1], b[1], strict=True)]
        return self.check(expected, found)

    @rule(target=arrays, pair=arrays, k=st.integers(0, 4))
    def choose(self, pair, k):
        return self.apply(pair, lambda a: np.where(a % 5 > k, a, -a),
                          lambda x: nd.where(x % 5 > k, x, -x))  # fmt: skip

    @rule(target=arrays, pair=arrays, k=st.integers(0, 2))
    def index_by_mask(self, pair, k):
        return self.apply(pair, lambda a: a[a % 3 == k])

    @rule(pair=arrays, k=st.integers(0, 2), value=st.integers(-9, 9))
    def fill_by_mask(self, pair, k, value):
        if pair[0].flags.writeable:
            for x in (pair[0], *pair[1]):
                x[x % 3 == k] = value
        self.check(*pair)

    def rows(self, pair, data):
        """Draw indices of the first axis, in one or two axes; None if it has no elements."""
        if pair[0].ndim == 0 or pair[0].shape[0] == 0:
            return None
        inside = st.integers(-pair[0].shape[0], pair[0].shape[0] - 1)
        rows = np.array(data.draw(st.lists(inside, min_size=1, max_size=4)))
        if data.draw(st.booleans()):
            rows = np.stack([rows, rows[::-1]])
        return rows if rows.size * pair[0].size <= MAX_SIZE else rows[..., :1]

    @rule(target=arrays, pair=arrays, data=st.data())
    def index_by_array(self, pair, data):
        rows = self.rows(pair, data)
        if rows is None or rows.ndim + pair[0].ndim > 5:
            return pair
        expected = np.asarray(pair[0][rows], order="C")
        return self.check(expected, [x[x.device.array(rows)] for x in pair[1]])

    @rule(pair=arrays, data=st.data())
    def assign_by_array(self, pair, data):
        rows = self.rows(pair, data)
        if rows is None or not pair[0].flags.writeable:
            return
        pair[0][rows] = pair[0][rows[..., ::-1]]  # places that are named twice take the last
        for x in pair[1]:
            x[x.device.array(rows)] = x[x.device.array(rows[..., ::-1].copy())]
        self.check(*pair)

    @rule(pair=arrays, by=st.integers(1, 2), back=st.booleans())
    def shift_in_place(self, pair, by, back):
        if pair[0].flags.writeable and pair[0].ndim > 0:
            for x in (pair[0], *pair[1]):
                to, source = (slice(by, None), slice(None, -by))[:: -1 if back else 1]
                if pair[0].shape[0] > by:
                    x[to] = x[source]  # the two overlap
        self.check(*pair)

    @rule(pairs=st.lists(arrays, min_size=1, max_size=3))
    def look_at_all(self, pairs):
        for pair in pairs:
            self.check(*pair)


class TestPrograms(Programs.TestCase):
    """Runs programs on the devices that pytest was told, or on all."""

    @pytest.fixture(autouse=True)
    def choose(self, devices, monkeypatch):
        on_host = all(device.kernels.ON_HOST for device in devices)
        monkeypatch.setattr(Programs, "devices", devices)
        self.settings = settings(
            max_examples=PROGRAMS if on_host else PROGRAMS_ON_GPU,
            stateful_step_count=15,
            print_blob=True,
        )
