# ruff: noqa: B905 -- written as course code is
import sys

import numpy as np
import pytest

sys.path.append("./python")
import needle as ndl
from needle import backend_ndarray as nd

DEVICES = [
    ndl.cpu(),
    ndl.cpu_numpy(),
    pytest.param(ndl.cuda(), marks=pytest.mark.skipif(not ndl.cuda().enabled(), reason="no GPU")),
]
on_devices = pytest.mark.parametrize("device", DEVICES, ids=["cpu", "numpy", "cuda"])


def draw(*shape, device=None):
    return ndl.Tensor(0.5 + np.random.rand(*shape), device=device)


def backward_check(f, *args, eps=1e-2, tol=1e-2, **kwargs):
    """Compare gradients with differences, which are made in the arrays of the tensors."""
    out = f(*args, **kwargs)
    c = np.random.randn(*out.shape)
    stacked = isinstance(args[0], list)
    tensors = args[0] if stacked else args
    numerical_grads = [np.zeros(a.shape) for a in tensors]
    for a, numerical in zip(tensors, numerical_grads):
        for j in range(a.realize_cached_data().size):
            a.realize_cached_data().flat[j] += eps
            f1 = (f(*args, **kwargs).numpy() * c).sum()
            a.realize_cached_data().flat[j] -= 2 * eps
            f2 = (f(*args, **kwargs).numpy() * c).sum()
            a.realize_cached_data().flat[j] += eps
            numerical.flat[j] = (f1 - f2) / (2 * eps)
    out = f(*args, **kwargs)
    grads = out.op.gradient_as_tuple(ndl.Tensor(c, device=tensors[0].device), out)
    if isinstance(grads[0], ndl.TensorTuple):
        grads = grads[0].tuple()
    assert len(grads) == len(tensors)
    for grad, numerical, a in zip(grads, numerical_grads, tensors):
        assert grad.shape == a.shape
        assert grad.device == a.device
        assert grad.dtype == "float32"
        np.testing.assert_allclose(grad.numpy(), numerical, rtol=tol, atol=tol)


CASES = {
    "multiply": (ndl.multiply, [(5, 4), (5, 4)], {}),
    "divide": (ndl.divide, [(5, 4), (5, 4)], {}),
    "divide_scalar": (ndl.divide_scalar, [(5, 4)], {"scalar": 2.5}),
    "power_scalar": (ndl.power_scalar, [(5, 4)], {"scalar": 2}),
    "matmul": (ndl.matmul, [(5, 4), (4, 3)], {}),
    "summation": (ndl.summation, [(5, 4)], {}),
    "summation_axis": (ndl.summation, [(3, 5, 4)], {"axes": 1}),
    "summation_axes": (ndl.summation, [(5, 4, 1)], {"axes": (0, 1)}),
    "logsumexp": (ndl.logsumexp, [(3, 2)], {"axes": None}),
    "logsumexp_axis": (ndl.logsumexp, [(3, 4, 2)], {"axes": 1}),
    "broadcast_to": (ndl.broadcast_to, [(4, 1)], {"shape": (4, 3)}),
    "reshape": (ndl.reshape, [(5, 4)], {"shape": (2, 10)}),
    "transpose": (ndl.transpose, [(2, 3, 4)], {"axes": (0, 2)}),
    "tanh": (ndl.tanh, [(5, 4)], {}),
    "relu": (ndl.relu, [(5, 4)], {}),
    "log": (ndl.log, [(5, 4)], {}),
    "exp": (ndl.exp, [(5, 4)], {}),
    "flip": (ndl.flip, [(3, 3, 2)], {"axes": (0, 2)}),
    "dilate": (ndl.dilate, [(2, 3, 2)], {"axes": (0, 1), "dilation": 1}),
    "dilate_by_nothing": (ndl.dilate, [(2, 2)], {"axes": (0,), "dilation": 0}),
    "dilate_beyond_the_axes": (ndl.dilate, [(2, 2)], {"axes": (1, 2), "dilation": 2}),
}


@on_devices
@pytest.mark.parametrize("name", CASES)
def test_gradient(name, device):
    np.random.seed(0)
    f, shapes, kwargs = CASES[name]
    backward_check(f, *[draw(*shape, device=device) for shape in shapes], **kwargs)


@on_devices
@pytest.mark.parametrize(("n", "shape", "axis"), [(1, (2, 3), 0), (3, (2, 3), 1), (2, (2,), 1)])
def test_stack(n, shape, axis, device):
    np.random.seed(1)
    args = [draw(*shape, device=device) for _ in range(n)]
    expected = np.stack([a.numpy() for a in args], axis=axis)
    np.testing.assert_array_equal(ndl.stack(args, axis=axis).numpy(), expected)
    backward_check(ndl.stack, args, axis=axis)
    ndl.stack(args, axis=axis).sum().backward()
    for a in args:
        np.testing.assert_array_equal(a.grad.numpy(), np.ones(shape))


@on_devices
def test_split(device):
    x = draw(3, 2, 4, device=device)
    parts = ndl.ops.split(x, 1)
    assert isinstance(parts, ndl.TensorTuple)
    assert len(parts) == 2
    np.testing.assert_array_equal(parts[1].numpy(), x.numpy()[:, 1])
    (parts[0] * 2 + parts[1] * 3).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy()[:, :, 0], [[2, 3]] * 3)


@on_devices
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("dilation", [0, 1, 2])
def test_dilation_puts_zeros_after_each_element(axes, dilation, device):
    x = draw(2, 3, 4, device=device)
    steps = [dilation + 1 if axis in axes else 1 for axis in range(3)]
    expected = np.zeros([n * step for n, step in zip(x.shape, steps)])
    expected[tuple(slice(None, None, step) for step in steps)] = x.numpy()
    found = ndl.dilate(x, axes=axes, dilation=dilation)
    np.testing.assert_array_equal(found.numpy(), expected)
    back = ndl.ops.undilate(found, axes=axes, dilation=dilation)
    np.testing.assert_array_equal(back.numpy(), x.numpy())


@on_devices
@pytest.mark.parametrize("axes", [(0,), (2,), (0, 1), (0, 1, 2)])
def test_flip(axes, device):
    x = draw(2, 3, 4, device=device)
    np.testing.assert_array_equal(ndl.flip(x, axes=axes).numpy(), np.flip(x.numpy(), axes))
    array = x.realize_cached_data()
    np.testing.assert_array_equal(array.flip(axes).numpy(), np.flip(x.numpy(), axes))
    np.testing.assert_array_equal(nd.flip(array, axes).numpy(), np.flip(x.numpy(), axes))


@on_devices
@pytest.mark.parametrize("widths", [((0, 0), (1, 2)), ((2, 1), (0, 0)), ((1, 1), (2, 2))])
def test_padding_of_arrays(widths, device):
    A = np.random.randn(3, 2)
    found = nd.NDArray(A, device=device).pad(widths)
    np.testing.assert_array_equal(found.numpy(), np.pad(A.astype(np.float32), widths))


def convolution(Z, W, stride, padding):
    """Sum over all windows, by NumPy in float64."""
    Z = np.pad(Z.astype(np.float64), ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(Z, W.shape[:2], axis=(1, 2))
    return np.einsum("nhwcuv,uvck->nhwk", windows[:, ::stride, ::stride], W)


GRID = [
    # size, channels, kernel, outputs, stride, padding
    (14, 8, 3, 16, 1, 1),
    (14, 2, 3, 4, 1, 0),
    (16, 3, 7, 4, 4, 3),
    (14, 4, 5, 3, 2, 2),
    (17, 8, 3, 16, 1, 2),
    (16, 4, 1, 5, 1, 0),
    (16, 4, 3, 3, 2, 0),
    (6, 2, 1, 3, 1, 2),
    (7, 2, 1, 2, 2, 0),  # here a stride leaves nothing over: zeros after the last window are none
    (15, 2, 3, 2, 2, 0),
    (9, 2, 3, 2, 4, 1),
]


@on_devices
@pytest.mark.parametrize("case", GRID, ids=str)
def test_convolution(case, device):
    np.random.seed(2)
    size, channels, kernel, outputs, stride, padding = case
    Z = np.random.randn(3, size, size, channels)
    W = np.random.randn(kernel, kernel, channels, outputs)
    tensors = [ndl.Tensor(x, device=device) for x in (Z, W)]
    y = ndl.conv(*tensors, padding=padding, stride=stride)
    expected = convolution(Z, W, stride, padding)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-4, atol=1e-4)
    c = np.random.randn(*y.shape)
    (y * ndl.Tensor(c, device=device)).sum().backward()
    # The result is linear in each: the gradient is known by its products with other arrays.
    for tensor, place in zip(tensors, (0, 1)):
        other = np.random.randn(*tensor.shape)
        changed = [other, W] if place == 0 else [Z, other]
        expected = (convolution(*changed, stride, padding) * c).sum()
        assert tensor.grad.shape == tensor.shape
        scale = np.linalg.norm(tensor.grad.numpy()) * np.linalg.norm(other)
        found = (tensor.grad.numpy() * other).sum()
        np.testing.assert_allclose(found / scale, expected / scale, atol=1e-5)


@on_devices
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"), [(5, 3, 2, 0), (4, 3, 1, 1), (5, 1, 2, 0)]
)
def test_gradient_of_convolution(size, kernel, stride, padding, device):
    np.random.seed(3)
    Z, W = draw(2, size, size, 2, device=device), draw(kernel, kernel, 2, 2, device=device)
    backward_check(ndl.conv, Z, W, stride=stride, padding=padding)


SOURCES = {
    "float64": np.random.RandomState(0).randn(3, 4),
    "ints": np.arange(6).reshape(2, 3),
    "labels": np.array([2, 0, 1], dtype=np.uint8),
    "objects": np.array([[1, 2.5], [3, 4]], dtype=object),
    "transposed": np.random.RandomState(1).randn(3, 4).transpose(),
    "list": [[1, 2], [3, 4]],
    "number": 3,
}


@on_devices
@pytest.mark.parametrize("source", SOURCES)
def test_whatever_tensors_are_made_of_they_hold_float32(source, device):
    values = SOURCES[source]
    for made in (
        ndl.Tensor(values, device=device),
        ndl.Tensor(nd.NDArray(values, device=device)),
        ndl.Tensor(nd.NDArray(values), device=device),
        ndl.Tensor(ndl.Tensor(values), device=device),
        ndl.nn.Parameter(values, device=device),
    ):
        assert made.dtype == "float32"
        assert made.device == device
        assert str(made.device) == str(device)
        assert isinstance(made.cached_data, nd.NDArray)
        assert isinstance(made, ndl.Tensor)
        assert made.requires_grad
        np.testing.assert_array_equal(made.numpy(), np.asarray(values, dtype=np.float32))
        made.realize_cached_data().flat[0] += 0.25
        assert made.numpy().flat[0] == np.float32(np.asarray(values).flat[0]) + np.float32(0.25)


def test_names():
    from needle.autograd import Op, Tensor, TensorOp, TensorTuple, Value
    from needle.backend_selection import BACKEND, Device, NDArray, array_api, default_device
    from needle.ops.ops_logarithmic import LogSumExp
    from needle.ops.ops_mathematic import Conv, Dilate, Flip, Split, Stack, Tanh, UnDilate
    from needle.ops.ops_tuple import MakeTensorTuple

    assert Tensor is ndl.Tensor
    assert issubclass(Tensor, Value)
    assert TensorTuple is ndl.TensorTuple
    assert issubclass(Conv, TensorOp)
    assert all(issubclass(op, Op) for op in (Dilate, Flip, Split, Stack, Tanh, UnDilate, LogSumExp))
    assert MakeTensorTuple is ndl.ops.MakeTensorTuple
    assert BACKEND == ndl.BACKEND == "nd"
    assert array_api is ndl.array_api is nd
    assert NDArray is nd.NDArray
    assert isinstance(ndl.cpu(), Device)
    assert default_device() == ndl.default_device() == ndl.Tensor([1]).device
    assert [str(device) for device in ndl.all_devices()] == ["cpu()", "cuda()", "cpu_numpy()"]


def test_an_op_written_for_the_course():
    from needle.autograd import NDArray, TensorOp, array_api

    class Softplus(TensorOp):
        def compute(self, a: NDArray):
            return array_api.log(array_api.exp(a) + 1)

        def gradient(self, out_grad, node):
            e = ndl.exp(node.inputs[0])
            return out_grad * e / (e + 1)

    backward_check(Softplus(), draw(4))
