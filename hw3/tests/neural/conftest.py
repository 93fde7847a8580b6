"""Every device with each of its instruction sets, arrays of every layout, and differences."""

import numpy as np
import pytest

import needle_hw3 as nd


@pytest.fixture
def home(request):
    """Return a device, which uses one of its instruction sets."""
    device, isa = request.param
    before = device.kernels.isa()
    device.kernels.set_isa(isa)
    yield device
    device.kernels.set_isa(before)


@pytest.fixture
def threads(home):
    """Return the function that sets the number of threads."""
    before = home.kernels.num_threads()
    yield home.kernels.set_num_threads
    home.kernels.set_num_threads(before)


def _every_second(array):
    wide = np.full([2 * n + 1 for n in array.shape], 99, array.dtype)
    view = wide[(..., *(slice(1, None, 2) for _ in array.shape))]
    view[...] = array
    return view


LAYOUTS = {
    "compact": lambda array: np.array(array, order="C"),
    "sliced": lambda array: np.flip(_every_second(np.flip(array))),
    "transposed": lambda array: np.array(array.T, order="C").T,
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    """Return a function that lays the elements of an array out in one of several ways."""
    return LAYOUTS[request.param]


def laid_out(values, device):
    """Return an array with the strides of NumPy's, which a device of another memory would lose."""
    root = values
    while isinstance(root.base, np.ndarray):
        root = root.base
    if root is values or not root.flags.c_contiguous or values.size == 0 or 0 in values.strides:
        return nd.asarray(values, device=device)
    whole = nd.asarray(root.reshape(-1), device=device)
    addresses = (each.__array_interface__["data"][0] for each in (values, root))
    offset = int(np.subtract(*addresses)) // values.itemsize
    strides = tuple(stride // values.itemsize for stride in values.strides)
    return device._new(whole._view.restride(values.shape, strides, offset))


@pytest.fixture
def array(home):
    """Return a function that makes an array on the device: if it can be, on NumPy's memory."""
    return lambda values: laid_out(np.asarray(values), home)


def differences(function, x, grad, step=1e-5):
    """Return the gradient of sum(grad * function(x)) by central differences, in float64."""
    result = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * step
            ends.append(np.sum(grad * function(moved)))
        result[place] = (ends[0] - ends[1]) / (2 * step)
    return result


@pytest.fixture(name="differences")
def _differences():
    """Return the function that estimates gradients."""
    return differences
