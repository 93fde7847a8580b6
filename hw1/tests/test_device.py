"""Devices: the NumPy device, the default, and a second device that lives elsewhere."""

import threading

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import assert_close


class FarArray:
    """An array of a second library: numbers in a box that NumPy cannot look into."""

    __array_ufunc__ = None

    def __init__(self, values, device):
        self.values = np.asarray(values)
        self.device = device

    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    dtype = property(lambda self: self.values.dtype)

    def __array_namespace__(self, api_version=None):
        return FAR_NAMESPACE

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("a far array was converted silently")

    def numpy(self):
        return self.values.copy()

    def _apply(self, other, function):
        return FarArray(function(self.values, getattr(other, "values", other)), self.device)

    def __add__(self, other):
        return self._apply(other, np.add)

    def __mul__(self, other):
        return self._apply(other, np.multiply)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return FarArray(-self.values, self.device)


class FarNamespace:
    """The functions of the array API that the tests below need."""

    def asarray(self, data, dtype=None, device=None, copy=None):
        if isinstance(data, FarArray) and not copy and dtype in (None, data.dtype):
            return data
        return FarArray(np.array(getattr(data, "values", data), dtype), device or data.device)

    def ones_like(self, x):
        return FarArray(np.ones_like(x.values), x.device)

    def full_like(self, x, value):
        return FarArray(np.full_like(x.values, value), x.device)

    def astype(self, x, dtype):
        return FarArray(x.values.astype(dtype), x.device)

    def result_type(self, *arguments):
        return np.result_type(*(getattr(x, "dtype", x) for x in arguments))

    def isdtype(self, dtype, kind):
        return np.isdtype(dtype, kind)

    def sum(self, x, axis, keepdims):
        return FarArray(np.sum(x.values, axis=axis, keepdims=keepdims), x.device)

    def broadcast_to(self, x, shape):
        return FarArray(np.broadcast_to(x.values, shape), x.device)

    def reshape(self, x, shape):
        return FarArray(np.reshape(x.values, shape), x.device)


FAR_NAMESPACE = FarNamespace()


class FarDevice:
    def __init__(self, name="far", there=True):
        self.name, self.there = name, there

    def __repr__(self):
        return f"{self.name}()"

    def __eq__(self, other):
        return isinstance(other, FarDevice) and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def enabled(self):
        return self.there

    def array(self, data, dtype=None):
        return FarArray(np.array(getattr(data, "values", data), dtype), self)

    def full(self, shape, fill_value, dtype="float32"):
        return FarArray(np.full(shape, fill_value, dtype), self)

    def empty(self, shape, dtype="float32"):
        return self.full(shape, 0.0, dtype)

    def rand(self, *shape):
        return FarArray(np.random.rand(*shape), self)

    def randn(self, *shape):
        return FarArray(np.random.randn(*shape), self)

    def one_hot(self, n, i, dtype="float32"):
        return FarArray(np.eye(n, dtype=dtype)[i], self)


@pytest.fixture
def far():
    return FarDevice()


def test_the_numpy_device_is_one_value():
    assert ndl.cpu() == ndl.cpu() == ndl.CPUDevice()
    assert hash(ndl.cpu()) == hash(ndl.CPUDevice())
    assert repr(ndl.cpu()) == str(ndl.cpu()) == "needle.cpu()"
    assert ndl.cpu() != "needle.cpu()"
    assert ndl.cpu() != FarDevice()
    assert ndl.cpu().enabled()
    assert ndl.all_devices() == [ndl.cpu()]


def test_devices_satisfy_the_protocol_without_inheriting_from_it():
    assert isinstance(ndl.cpu(), ndl.Device)
    assert isinstance(FarDevice(), ndl.Device)
    assert not isinstance("cpu", ndl.Device)


def test_numpy_device_makes_arrays():
    device = ndl.cpu()
    assert device.empty((2, 3)).shape == (2, 3)
    assert device.empty((2, 3)).dtype == np.float32
    assert_close(device.full((2,), 7.0, "float64"), np.full(2, 7.0))
    assert_close(device.zeros(2, 3), np.zeros((2, 3), "float32"))
    assert_close(device.ones(3, dtype="float64"), np.ones(3))
    assert (
        device.ones(3).dtype == device.zeros(3).dtype == device.full((3,), 1.0).dtype == np.float32
    )
    assert device.rand(2, 3).shape == device.randn(2, 3).shape == (2, 3)
    assert type(device.rand()) is np.ndarray
    source = np.ones(2)
    assert not np.shares_memory(device.array(source), source)


def test_one_hot_of_the_device_takes_integers_in_range():
    device = ndl.cpu()
    assert_close(device.one_hot(3, np.array([[2, 0]])), np.eye(3, dtype="float32")[[[2, 0]]])
    assert device.one_hot(2, 1, "float64").tolist() == [0.0, 1.0]
    with pytest.raises(TypeError, match="float64"):
        device.one_hot(3, np.array([1.0]))
    for bad in (3, -1):
        with pytest.raises(IndexError, match=f"index {bad} is outside of one_hot's 3 classes"):
            device.one_hot(3, np.array([0, bad]))


def test_tensor_lives_where_its_array_does(far):
    x = Tensor([1.0, 2.0], device=far)
    assert type(x.cached_data) is FarArray
    assert x.device == far
    assert (x * 2).device == far
    assert repr(x) == "Tensor([1., 2.], dtype=float64, device=far(), requires_grad=True)"
    assert Tensor([1.0]).device == ndl.cpu()


def test_tensor_moves_between_devices(far):
    here = Tensor([1.0, 2.0])
    there = Tensor(here, device=far)
    assert there.device == far
    back = Tensor(there, device=ndl.cpu())
    assert type(back.cached_data) is np.ndarray
    assert_close(back, [1.0, 2.0])
    assert Tensor(there, device=FarDevice()).cached_data is there.cached_data
    assert Tensor(there).device == far
    moved = Tensor(there.cached_data, device=ndl.cpu())
    assert type(moved.cached_data) is np.ndarray


def test_array_of_another_library_is_copied_where_it_lives(far):
    array = far.array([1.0, 2.0])
    x = Tensor(array)
    assert x.device == far
    assert x.cached_data is not array
    assert not np.shares_memory(x.cached_data.values, array.values)


def test_gradients_live_where_their_tensors_do(far):
    x, y = Tensor([1.0, 2.0], device=far), Tensor([[3.0], [4.0]], device=far)
    (x * y + x * 2).backward()
    assert x.grad.device == y.grad.device == far
    assert_close(x.grad, [11.0, 11.0])
    assert_close(y.grad, [[3.0], [3.0]])


def test_array_of_numpy_beside_a_tensor_goes_to_its_device(far):
    x = Tensor([1.0, 2.0], device=far)
    for result in (x * np.array([3.0, 4.0]), np.array([3.0, 4.0]) * x):
        assert result.device == far
        assert_close(result, [3.0, 8.0])


MIXED = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b,
    lambda a, b: a**b, lambda a, b: a @ b, lambda a, b: a + b.reshape(2, 1),
    lambda a, b: a * b.astype("float32"), lambda a, b: a.backward(b),
]  # fmt: skip


@pytest.mark.parametrize("function", MIXED, ids=range(len(MIXED)))
def test_tensors_of_two_devices_do_not_mix_and_both_are_named(far, function):
    here, there = Tensor([1.0, 2.0]), Tensor([1.0, 2.0], device=far)
    with pytest.raises(ValueError, match=r"one device.*needle\.cpu\(\).*and far\(\)"):
        function(here, there)
    with pytest.raises(ValueError, match=r"one device.*far\(\).*and needle\.cpu\(\)"):
        function(there, here)


def test_two_devices_of_one_library_do_not_mix_either(far):
    there, elsewhere = Tensor([1.0], device=far), Tensor([1.0], device=FarDevice("farther"))
    with pytest.raises(ValueError, match=r"far\(\).*and farther\(\)"):
        there + elsewhere


def test_comparison_across_devices_is_refused_in_the_same_words(far):
    with pytest.raises(ValueError, match=r"one device.*far\(\).*and needle\.cpu\(\)"):
        Tensor([1.0], device=far) < Tensor([1.0])  # noqa: B015


def test_two_libraries_do_not_mix_although_their_devices_are_equal():
    there = Tensor(FarArray([1.0], np.ones(1).device))
    with pytest.raises(ValueError, match=r"FarArray.*numpy\.ndarray"):
        there + Tensor([1.0])


def test_default_device_is_numpy_until_set(default_device, far):
    assert ndl.default_device() == ndl.cpu()
    ndl.set_default_device(far)
    assert ndl.default_device() == far
    assert Tensor([1.0]).device == far
    assert ndl.ones(2).device == far
    assert ndl.init.rand(2).device == far


def test_use_device_holds_inside_its_block_and_nests(default_device, far):
    farther = FarDevice("farther")
    with ndl.use_device(far) as used:
        assert used is far
        assert Tensor([1.0]).device == far
        with ndl.use_device(farther):
            assert ndl.default_device() == farther
        assert ndl.default_device() == far
    assert ndl.default_device() == ndl.cpu()
    with pytest.raises(KeyError), ndl.use_device(far):
        raise KeyError
    assert ndl.default_device() == ndl.cpu()


def test_threads_see_the_default_of_the_process_and_no_override_of_another(default_device, far):
    seen = []

    def look():
        thread = threading.Thread(target=lambda: seen.append(ndl.default_device()))
        thread.start()
        thread.join()

    with ndl.use_device(far):
        look()
    ndl.set_default_device(far)
    look()
    assert seen == [ndl.cpu(), far]


@pytest.mark.parametrize(
    "choose", [ndl.set_default_device, lambda device: ndl.use_device(device).__enter__()]
)
def test_what_is_no_device_or_not_there_is_refused(default_device, choose):
    with pytest.raises(TypeError, match="'cpu' is no device"):
        choose("cpu")
    with pytest.raises(RuntimeError, match=r"broken\(\) is not available"):
        choose(FarDevice("broken", there=False))
    assert ndl.default_device() == ndl.cpu()
