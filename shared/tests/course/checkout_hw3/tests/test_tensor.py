# ruff: noqa: B905 -- written as course code is
import sys

import numpy as np
import pytest

sys.path.append("./python")
sys.path.append("./apps")
import needle as ndl
from needle import backend_ndarray as nd
from simple_ml import loss_err, nn_epoch, softmax_loss

DEVICES = [
    ndl.cpu(),
    ndl.cpu_numpy(),
    pytest.param(ndl.cuda(), marks=pytest.mark.skipif(not ndl.cuda().enabled(), reason="no GPU")),
]
on_devices = pytest.mark.parametrize("device", DEVICES, ids=["cpu", "numpy", "cuda"])


def backward_check(f, *args, tol=1e-5, **kwargs):
    eps = 1e-4
    out = f(*args, **kwargs)
    c = np.random.randn(*out.shape)
    numerical_grads = [np.zeros(a.shape) for a in args]
    for i in range(len(args)):
        for j in range(args[i].realize_cached_data().size):
            args[i].realize_cached_data().flat[j] += eps
            f1 = (f(*args, **kwargs).numpy() * c).sum()
            args[i].realize_cached_data().flat[j] -= 2 * eps
            f2 = (f(*args, **kwargs).numpy() * c).sum()
            args[i].realize_cached_data().flat[j] += eps
            numerical_grads[i].flat[j] = (f1 - f2) / (2 * eps)
    out = f(*args, **kwargs)
    grads = out.op.gradient_as_tuple(ndl.Tensor(c, device=args[0].device), out)
    for grad, numerical, a in zip(grads, numerical_grads, args):
        assert grad.shape == a.shape
        assert grad.device == a.device
        np.testing.assert_allclose(grad.numpy(), numerical, rtol=tol, atol=tol)


CASES = {
    "add": (ndl.add, [(5, 4), (5, 4)], {}),
    "multiply": (ndl.multiply, [(5, 4), (5, 4)], {}),
    "divide": (ndl.divide, [(5, 4), (5, 4)], {}),
    "divide_scalar": (ndl.divide_scalar, [(5, 4)], {"scalar": 2.5}),
    "power": (ndl.power, [(3, 3), (3, 3)], {}),
    "power_scalar": (ndl.power_scalar, [(5, 4)], {"scalar": 3}),
    "matmul": (ndl.matmul, [(5, 4), (4, 5)], {}),
    "matmul_batch": (ndl.matmul, [(6, 6, 5, 4), (4, 3)], {}),
    "summation": (ndl.summation, [(5, 4)], {}),
    "summation_axis": (ndl.summation, [(5, 4)], {"axes": 1}),
    "summation_axes": (ndl.summation, [(5, 4, 1)], {"axes": (0, 1)}),
    "broadcast_to": (ndl.broadcast_to, [(3, 1)], {"shape": (3, 3)}),
    "broadcast_to_new_axes": (ndl.broadcast_to, [(1,)], {"shape": (3, 3, 3)}),
    "reshape": (ndl.reshape, [(5, 4)], {"shape": (4, 5)}),
    "transpose": (ndl.transpose, [(3, 5, 4)], {}),
    "transpose_axes": (ndl.transpose, [(3, 5, 4)], {"axes": (0, 1)}),
    "negate": (ndl.negate, [(5, 4)], {}),
    "log": (ndl.log, [(5, 4)], {}),
    "exp": (ndl.exp, [(5, 4)], {}),
    "relu": (ndl.relu, [(5, 4)], {}),
}


@on_devices
@pytest.mark.parametrize("name", CASES)
def test_gradient(name, device):
    np.random.seed(0)
    f, shapes, kwargs = CASES[name]
    args = [ndl.Tensor(0.5 + np.random.rand(*shape), device=device) for shape in shapes]
    backward_check(f, *args, **kwargs)


@on_devices
def test_tensors_hold_arrays_of_the_device(device):
    x = ndl.Tensor([[1, 2], [3, 4]], device=device, dtype="float32")
    assert isinstance(x.realize_cached_data(), nd.NDArray)
    assert x.device == device
    assert ndl.Tensor(nd.array([1.0], device=device)).device == device
    assert ndl.Tensor(nd.array([1.0]), device=device).device == device
    y = x @ x + ndl.init.ones(2, 2, device=device)
    assert y.device == device
    assert y.dtype == "float32"
    np.testing.assert_allclose(y.numpy(), [[8, 11], [16, 23]])
    (y * y).sum().backward()
    assert x.grad.device == device


def test_default_device():
    assert ndl.Tensor([1.0]).device == ndl.default_device() == nd.default_device()
    assert ndl.init.rand(3).device == nd.default_device()
    np.testing.assert_allclose((ndl.Tensor([1.0]) + ndl.init.ones(1)).numpy(), [2.0])


@on_devices
def test_initialisers_draw_from_the_global_generator(device):
    np.random.seed(1)
    x = ndl.init.randn(3, 4, mean=1.0, std=2.0, device=device)
    y = ndl.init.rand(2, low=-1.0, high=1.0, device=device)
    np.random.seed(1)
    np.testing.assert_allclose(x.numpy(), np.random.randn(3, 4) * 2 + 1, rtol=1e-5)
    np.testing.assert_allclose(y.numpy(), np.random.rand(2) * 2 - 1, rtol=1e-5)
    labels = ndl.Tensor(np.array([1, 0]), device=device)
    one_hot = ndl.init.one_hot(3, labels, device=device)
    np.testing.assert_array_equal(one_hot.numpy(), [[0, 1, 0], [1, 0, 0]])


def test_an_unavailable_device_says_why():
    if not ndl.cuda().enabled():
        with pytest.raises(RuntimeError, match="cuda"):
            ndl.Tensor([1.0], device=ndl.cuda())


def test_an_op_written_for_the_course():
    from needle.autograd import NDArray, TensorOp, array_api

    class Softplus(TensorOp):
        def compute(self, a: NDArray):
            return array_api.log(array_api.exp(a) + 1)

        def gradient(self, out_grad, node):
            e = ndl.exp(node.inputs[0])
            return out_grad * e / (e + 1)

    backward_check(Softplus(), ndl.Tensor(np.random.randn(4)))


def test_nn_epoch():
    np.random.seed(0)
    X, y = np.random.randn(40, 5).astype("float32"), np.random.randint(3, size=40).astype("uint8")
    W1, W2 = (ndl.Tensor(np.random.randn(*s).astype("float32")) for s in ((5, 8), (8, 3)))
    before = loss_err(ndl.relu(ndl.Tensor(X) @ W1) @ W2, y)
    for _ in range(10):
        W1, W2 = nn_epoch(X, y, W1, W2, lr=0.2, batch=10)
    after = loss_err(ndl.relu(ndl.Tensor(X) @ W1) @ W2, y)
    assert after[0] < before[0]
    assert W1.device == nd.default_device()
    logits = ndl.Tensor(np.random.randn(4, 3))
    one_hot = ndl.Tensor(np.eye(3)[[0, 2, 1, 1]])
    exps = np.exp(logits.numpy())
    expected = -np.log((exps / exps.sum(axis=1, keepdims=True))[range(4), [0, 2, 1, 1]]).mean()
    np.testing.assert_allclose(softmax_loss(logits, one_hot).numpy(), expected, rtol=1e-6)
