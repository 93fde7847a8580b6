# ruff: noqa: B905, PLR0402 -- written as course code is
import sys

import numpy as np
import pytest

sys.path.append("./python")
import mugrade
import needle as ndl
from needle import init


def gradient_check(f, *args, tol=1e-6, backward=False, **kwargs):
    eps = 1e-4
    out = f(*args, **kwargs)
    c = np.random.randn(*out.shape)
    numerical_grads = [np.zeros(a.shape) for a in args]
    for i in range(len(args)):
        for j in range(args[i].realize_cached_data().size):
            args[i].realize_cached_data().flat[j] += eps
            f1 = float((f(*args, **kwargs).numpy() * c).sum())
            args[i].realize_cached_data().flat[j] -= 2 * eps
            f2 = float((f(*args, **kwargs).numpy() * c).sum())
            args[i].realize_cached_data().flat[j] += eps
            numerical_grads[i].flat[j] = (f1 - f2) / (2 * eps)
    out = f(*args, **kwargs)
    if backward:
        out.backward(ndl.Tensor(c))
        computed_grads = [a.grad.numpy() for a in args]
    else:
        computed_grads = [g.numpy() for g in out.op.gradient_as_tuple(ndl.Tensor(c), out)]
    for computed, numerical, a in zip(computed_grads, numerical_grads, args):
        assert computed.shape == a.shape
        np.testing.assert_allclose(computed, numerical, rtol=tol, atol=tol)


def randn(*shape):
    return ndl.Tensor(np.random.randn(*shape))


def rand_positive(*shape):
    return ndl.Tensor(0.5 + np.random.rand(*shape))


CASES = {
    "power_scalar": lambda: (ndl.power_scalar, [randn(5, 4)], {"scalar": 2}),
    "divide": lambda: (ndl.divide, [randn(5, 4), rand_positive(5, 4)], {}),
    "divide_scalar": lambda: (ndl.divide_scalar, [randn(5, 4)], {"scalar": np.random.randn(1)}),
    "matmul": lambda: (ndl.matmul, [randn(5, 4), randn(4, 5)], {}),
    "matmul_batch": lambda: (ndl.matmul, [randn(6, 6, 5, 4), randn(6, 6, 4, 3)], {}),
    "matmul_broadcast_right": lambda: (ndl.matmul, [randn(6, 6, 5, 4), randn(4, 3)], {}),
    "matmul_broadcast_left": lambda: (ndl.matmul, [randn(5, 4), randn(6, 6, 4, 3)], {}),
    "summation": lambda: (ndl.summation, [randn(5, 4)], {}),
    "summation_axis": lambda: (ndl.summation, [randn(5, 4)], {"axes": 1}),
    "summation_axes": lambda: (ndl.summation, [randn(5, 4, 1)], {"axes": (0, 1)}),
    "broadcast_to": lambda: (ndl.broadcast_to, [randn(3, 1)], {"shape": (3, 3)}),
    "broadcast_to_new_axes": lambda: (ndl.broadcast_to, [randn(1)], {"shape": (3, 3, 3)}),
    "broadcast_to_scalar": lambda: (ndl.broadcast_to, [randn()], {"shape": (3, 3, 3)}),
    "reshape": lambda: (ndl.reshape, [randn(5, 4)], {"shape": (4, 5)}),
    "negate": lambda: (ndl.negate, [randn(5, 4)], {}),
    "transpose": lambda: (ndl.transpose, [randn(3, 5, 4)], {}),
    "transpose_axes": lambda: (ndl.transpose, [randn(3, 5, 4)], {"axes": (0, 1)}),
    "log": lambda: (ndl.log, [rand_positive(5, 4)], {}),
    "exp": lambda: (ndl.exp, [randn(5, 4)], {}),
    "power": lambda: (ndl.power, [rand_positive(3, 3), rand_positive(3, 3)], {}),
}


@pytest.mark.parametrize("name", CASES)
def test_gradient(name):
    np.random.seed(0)
    f, args, kwargs = CASES[name]()
    gradient_check(f, *args, **kwargs)


def test_backward_through_several_operations():
    np.random.seed(0)
    A, B, C = randn(10, 9), randn(9, 8), randn(10, 8)
    gradient_check(
        lambda A, B, C: ndl.summation((A @ B + C) * (A @ B), axes=None), A, B, C,
        backward=True, tol=1e-4,
    )  # fmt: skip


def test_forward():
    x = ndl.Tensor([[1.0, 2.0], [3.0, 4.0]])
    y = ndl.Tensor(np.full((2, 2), 2.0))
    np.testing.assert_allclose((x - y).numpy(), [[-1, 0], [1, 2]])
    np.testing.assert_allclose((2 * x + 1).numpy(), [[3, 5], [7, 9]])
    np.testing.assert_allclose((x / 2 * y**2).numpy(), [[2, 4], [6, 8]])
    np.testing.assert_allclose(x.sum(axes=(1,)).numpy(), [3, 7])
    np.testing.assert_allclose(x.transpose().numpy(), [[1, 3], [2, 4]])
    np.testing.assert_allclose(x.reshape((4,)).numpy(), [1, 2, 3, 4])
    np.testing.assert_allclose(ndl.relu(-x).numpy(), np.zeros((2, 2)))


def test_topological_order_lists_each_node_once_after_its_inputs():
    a, b = ndl.Tensor([2.0]), ndl.Tensor([3.0])
    c = a * b + a - b
    order = ndl.autograd.find_topo_sort([c])
    # a, b, a*b, a*b+a, -b, and the sum of the last two
    expected = [[2.0], [3.0], [6.0], [8.0], [-3.0], [5.0]]
    np.testing.assert_allclose([node.numpy() for node in order], expected)
    position = {id(node): place for place, node in enumerate(order)}
    for node in order:
        assert all(position[id(x)] < position[id(node)] for x in node.inputs)


def test_an_input_used_twice_gets_both_gradients():
    x = ndl.Tensor(np.random.randn(3))
    (x * x + x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.numpy() + 1)


def test_the_gradient_of_a_gradient():
    x = ndl.Tensor([3.0])
    (x * x * x).backward()
    first = x.grad
    np.testing.assert_allclose(first.numpy(), [27.0])
    first.backward()
    np.testing.assert_allclose(x.grad.numpy(), [18.0])


def test_gradients_of_gradients_of_integers():
    x, y = ndl.Tensor([6]), ndl.Tensor([0])
    z = x * x + x * y
    z.backward()
    grad_x, grad_y = x.grad, y.grad
    grad_x.backward()
    assert z.numpy() == 36
    assert grad_x.numpy() == 12
    assert grad_y.numpy() == 6
    assert x.grad.numpy() == 2
    assert y.grad.numpy() == 1


def test_detached_data_has_no_graph():
    x = ndl.Tensor([1.0, 2.0])
    y = (x * 2).detach()
    assert y.is_leaf()
    assert not y.requires_grad
    x.data = x.data - ndl.Tensor([1.0, 1.0]).data
    np.testing.assert_allclose(x.numpy(), [0.0, 1.0])


def test_an_op_of_ones_own():
    class Cube(ndl.TensorOp):
        def compute(self, a):
            return a**3

        def gradient(self, out_grad, node):
            return out_grad * 3 * ndl.power_scalar(node.inputs[0], 2)

    gradient_check(Cube(), ndl.Tensor(np.random.randn(4)), backward=True, tol=1e-4)


def test_initialisers_draw_from_the_global_generator():
    np.random.seed(1)
    x = init.randn(3, 4, mean=1.0, std=2.0)
    y = ndl.init.rand(2, low=-1.0, high=1.0)
    np.random.seed(1)
    np.testing.assert_allclose(x.numpy(), np.random.randn(3, 4) * 2 + 1, rtol=1e-6)
    np.testing.assert_allclose(y.numpy(), np.random.rand(2) * 2 - 1, rtol=1e-6)
    assert x.dtype == np.float32
    labels = ndl.Tensor(np.array([1, 0]))
    np.testing.assert_array_equal(init.one_hot(3, labels).numpy(), [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(init.ones_like(x).numpy(), np.ones((3, 4)))


def global_tensor_count():
    return ndl.autograd.TENSOR_COUNTER


def test_tensors_are_counted():
    before = global_tensor_count()
    x = ndl.Tensor([1.0])
    y = x * 2 + 1
    y.retain_grad()
    assert global_tensor_count() - before == 3  # x, x * 2 and y
    y.backward()
    x.grad = None
    del y
    assert global_tensor_count() - before == 1
    del x
    assert global_tensor_count() == before


def test_a_training_loop_keeps_no_tensors():
    w = ndl.Tensor(np.ones((3, 2)))
    x = ndl.Tensor(np.ones((4, 3)), requires_grad=False)
    counts = []
    for _ in range(5):
        w.grad = None
        (ndl.relu(x @ w) ** 2).sum().backward()
        w.data = w.data - w.grad.data * 0.01
        counts.append(global_tensor_count())
    assert len(set(counts)) == 1


def test_lazy_mode():
    assert ndl.autograd.LAZY_MODE is False
    ndl.autograd.LAZY_MODE = True
    try:
        y = ndl.Tensor([1.0]) + 1
        assert y.cached_data is None
    finally:
        ndl.autograd.LAZY_MODE = False
    np.testing.assert_allclose(y.realize_cached_data(), [2.0])
    assert (ndl.Tensor([1.0]) + 1).cached_data is not None


def test_modules_by_their_full_names():
    import needle.ops.ops_mathematic as ops_mathematic
    from needle.init.init_basic import rand

    assert ops_mathematic.MulScalar is ndl.ops.MulScalar is type((ndl.Tensor([1.0]) * 2).op)
    assert rand is init.rand


def test_devices():
    from needle.backend_numpy import Device, all_devices, cpu

    assert repr(cpu()) == "needle.cpu()"
    assert ndl.cpu() == cpu() == ndl.Tensor([1.0]).device
    assert isinstance(cpu(), Device)
    assert cpu() in all_devices()


def submit_forward():
    mugrade.submit(ndl.power_scalar(ndl.Tensor([[0.5, 2.0]]), scalar=2).numpy())


def test_submit():
    submit_forward()
    np.testing.assert_allclose(mugrade.submissions[-1], [[0.25, 4.0]])
