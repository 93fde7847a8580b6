"""Where libraries have kernels for networks: how they are found, and that they are called."""

import numpy as np
import pytest

from needle_hw2 import Tensor, nn, ops, optim
from needle_hw2.kernels import fused_kernels
from needle_shared.testing import assert_close


@pytest.fixture
def nd():
    """Return hw3, whose arrays have such kernels."""
    return pytest.importorskip("needle_hw3", reason="needs hw3: `nox -s hw4` runs it")


def test_libraries_without_kernels_have_none(second_device):
    assert fused_kernels(np.ones(2)) is None
    assert fused_kernels(second_device().array([1.0, 2.0])) is None


def test_kernels_are_for_floating_point_numbers(nd):
    assert fused_kernels(nd.asarray([1.0])) is nd.neural
    assert fused_kernels(nd.asarray([1])) is None


@pytest.fixture
def calls(nd, monkeypatch):
    """Count the calls of hw3's kernels, by name."""
    names = []

    def counted(name, function):
        def call(*arguments, **options):
            names.append(name)
            return function(*arguments, **options)

        return call

    for name, function in vars(nd.neural).items():
        if callable(function):
            monkeypatch.setattr(nd.neural, name, counted(name, function))
    return names


CASES = [
    (ops.Sigmoid(), [(3, 4)], ["sigmoid", "sigmoid_gradient"]),
    (ops.Tanh(), [(3, 4)], ["tanh_gradient"]),
    (ops.LogSoftmax(), [(3, 4)], ["log_softmax", "log_softmax_gradient"]),
    (ops.LogSoftmax(0), [(5,)], ["log_softmax", "log_softmax_gradient"]),
    (ops.LogSoftmax(0), [(3, 4)], []),
    (ops.LogSumExp(-1), [(3, 4)], ["logsumexp"]),
    (ops.LogSumExp(1, keepdims=True), [(3, 4)], ["logsumexp"]),
    (ops.CrossEntropy(np.array([0, 3, 1])), [(3, 4)], ["softmax_loss", "softmax_loss_gradient"]),
    (ops.CrossEntropy(np.array([0, 3, 1]), 0.1), [(3, 4)],
     ["softmax_loss", "softmax_loss_gradient"]),
    (ops.Normalize(0), [(6, 4), (4,), (4,)], ["batch_norm", "batch_norm_gradient"]),
    (ops.Normalize((0, 2, 1)), [(3, 2, 5, 4), (4,), (4,)], ["batch_norm", "batch_norm_gradient"]),
    (ops.Normalize(-1), [(2, 3, 4), (4,), (4,)], ["layer_norm", "layer_norm_gradient"]),
    (ops.Normalize((0, 1)), [(3, 4), (4,), (4,)], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "shapes", "kernels"), CASES, ids=lambda case: getattr(type(case), "__name__", "")
)
@pytest.mark.parametrize("device", ["cpu", "cpu_numpy"])
def test_ops_call_kernels_and_give_what_they_give_without(
    nd, calls, rng, op, shapes, kernels, device
):
    arrays = [rng.standard_normal(shape) for shape in shapes]
    results = []
    for home in (None, getattr(nd, device)()):
        leaves = [Tensor(array, device=home) for array in arrays]
        result = op(*leaves)
        weights = Tensor(np.cos(np.arange(result.size)).reshape(result.shape), device=home)
        result.backward(weights, create_graph=False)
        results.append([result, *(leaf.grad for leaf in leaves)])
        if home is None:
            assert calls == []
    assert [name for name in calls if name in kernels] == kernels
    assert bool(calls) == bool(kernels)
    for plain, fused in zip(*results, strict=True):
        assert fused.device == home
        assert_close(fused, plain)
    if isinstance(op, ops.Normalize):
        op(*leaves)
        kept = op.mean.shape, op.variance.shape
        op(*[Tensor(array) for array in arrays])
        assert kept == (op.mean.shape, op.variance.shape)


@pytest.mark.parametrize("rule", [
    (optim.Adam, {"weight_decay": 0.1}, "adam_steps"),
    (optim.AdamW, {}, "adam_steps"),
    (optim.SGD, {"weight_decay": 0.1}, "sgd_steps"),
    (optim.SGD, {"momentum": 0.9}, "sgd_steps"),
    (optim.SGD, {"momentum": 0.9, "dampening": 0.5}, "sgd_steps"),
    (optim.SGD, {"momentum": 0.9, "dampening": 0, "nesterov": True}, "sgd_steps"),
], ids=lambda rule: rule[0].__name__)  # fmt: skip
def test_optimizers_call_kernels_and_take_the_same_steps(nd, calls, rng, rule):
    kind, settings, kernel = rule
    start, gradients = rng.standard_normal((3, 4)), rng.standard_normal((4, 3, 4))
    ends = []
    for home in (None, nd.cpu()):
        parameter = Tensor(start, device=home)
        optimizer = kind([parameter], lr=0.1, **settings)
        for gradient in gradients:
            parameter.grad = Tensor(gradient, device=home, requires_grad=False)
            optimizer.step()
        state = optimizer.state_dict()["state"].get(0, {})
        ends.append([parameter, *(each for each in state.values() if isinstance(each, Tensor))])
    assert [name for name in calls if name.endswith("_steps")] == [kernel] * 4
    for plain, fused in zip(*ends, strict=True):
        assert_close(fused, plain)


@pytest.mark.parametrize(("kind", "settings", "expected"), [
    (optim.Adam, {}, [4, 5, 5, 5]), (optim.AdamW, {}, [4, 5, 5, 5]),
    (optim.SGD, {}, [4, 4, 4, 4]), (optim.SGD, {"momentum": 0.9}, [4, 5, 4, 4]),
    (optim.SGD, {"momentum": 0.9, "dampening": 0, "nesterov": True}, [4, 5, 4, 4]),
])  # fmt: skip
def test_parameters_that_are_alike_share_a_call(nd, calls, rng, kind, settings, expected):
    shapes, dtypes = [(3,), (), (0,), (2, 4), (5,), (7,)], ["float32"] * 4 + ["float64", "float32"]
    starts = [rng.standard_normal(shape) for shape in shapes]
    gradients = [[rng.standard_normal(shape) for shape in shapes] for _ in range(4)]
    ends, numbers = [], []
    for home in (None, nd.cpu()):
        params = [
            Tensor(start, device=home, dtype=dtype)
            for start, dtype in zip(starts, dtypes, strict=True)
        ]
        groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.01}]
        optimizer = kind(groups, lr=0.1, weight_decay=0.1, **settings)
        for number, values in enumerate(gradients):
            for position, (p, value) in enumerate(zip(params, values, strict=True)):
                late = number == 0 and position == 3
                p.grad = None if late else Tensor(value, device=home, requires_grad=False)
            before = len(calls)
            optimizer.step()
            numbers.append(sum(name.endswith("_steps") for name in calls[before:]))
        ends.append([*params, *_moments(optimizer)])
    assert numbers == [0, 0, 0, 0, *expected]
    for plain, fused in zip(*ends, strict=True):
        assert fused.dtype == plain.dtype
        assert_close(fused, plain)


def _moments(optimizer):
    state = optimizer.state_dict()["state"]
    return [each for of in state.values() for each in of.values() if isinstance(each, Tensor)]


def test_calls_take_as_many_elements_as_the_library_wants(nd, calls, monkeypatch):
    monkeypatch.setattr(nd.neural, "elements_of_a_step", lambda p: 5)
    params = [Tensor(np.ones(size), device=nd.cpu()) for size in (1, 4, 9, 3, 0, 1, 1, 2)]
    for p in params:
        p.grad = Tensor(np.ones(p.shape), device=nd.cpu(), requires_grad=False)
    optim.SGD(params, lr=0.5).step()
    assert calls.count("sgd_steps") == 4
    assert all((p.numpy() == 0.5).all() for p in params)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_subclass_with_a_rule_of_its_own_uses_no_kernel(nd, calls, kind):
    class Doubled(kind):
        def update(self, parameter, gradient, state, settings):
            return super().update(parameter, gradient * 2, state, settings)

    ends = []
    for home in (None, nd.cpu()):
        p = Tensor(np.array([1.0, 2.0]), device=home)
        p.grad = Tensor(np.array([3.0, -1e-9]), device=home, requires_grad=False)
        Doubled([p], lr=0.5).step()
        ends.append(p)
    assert not any(name.endswith("_steps") for name in calls)
    assert_close(*reversed(ends))


@pytest.mark.parametrize("create_graph", [True, False])
@pytest.mark.parametrize("device", ["cpu", "cpu_numpy"])
def test_labels_of_few_bits_with_many_classes(nd, device, create_graph, rng):
    home, labels = getattr(nd, device)(), np.array([3, 0, 100], "uint8")
    z = rng.standard_normal((3, 300))
    leaf = Tensor(z, device=home)
    ops.cross_entropy(leaf, home.array(labels)).backward(create_graph=create_graph)
    probabilities = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    assert_close(leaf.grad.numpy(), (probabilities - np.eye(300)[labels]) / 3)


def test_labels_come_from_any_library(nd, second_device, rng):
    logits, labels = rng.standard_normal((3, 4)), np.array([3, 0, 1])
    expected = ops.cross_entropy(Tensor(logits), labels).numpy()
    homes = [None, nd.cpu(), nd.cpu_numpy(), second_device()]
    for home in homes:
        for other in homes:
            given = labels if other is None else other.array(labels)
            result = ops.cross_entropy(Tensor(logits, device=home), given)
            assert_close(result, expected)
            y = Tensor(given, requires_grad=False)
            assert_close(nn.SoftmaxLoss()(Tensor(logits, device=home), y), expected)
