"""Functions of networks compared with PyTorch's, in both precisions, with their gradients."""

import numpy as np
import pytest
import torch
import torch.nn.functional as functions

import needle_hw3 as nd
from needle_hw3 import neural

TOLERANCE = {"float32": 2e-5, "float64": 1e-11}

DEVICES = [device for device in nd.all_devices() if device.enabled()]


@pytest.fixture(params=DEVICES, ids=repr)
def array(request):
    """Return a function that makes an array on a device."""
    return lambda values: nd.asarray(np.asarray(values), device=request.param)


@pytest.fixture(params=["float32", "float64"])
def draw(request, rng):
    """Return a function that draws an array, in one of two dtypes."""
    return lambda *shape: rng.standard_normal(shape).astype(request.param)


def leaf(values):
    return torch.tensor(values, requires_grad=True)


def assert_equal(found, tensors):
    for one, other in zip(found, tensors, strict=True):
        expected = other.detach().numpy()
        assert one.dtype == expected.dtype
        bound = TOLERANCE[one.dtype.name]
        np.testing.assert_allclose(one.numpy(), expected, rtol=bound, atol=bound)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax_and_its_logarithm(array, draw, axis):
    x, grad = draw(4, 7, 33), draw(4, 7, 33)
    ours, theirs = array(x), leaf(x)
    y = torch.softmax(0.3 * theirs, axis)
    expected = y, *torch.autograd.grad(y, theirs, torch.tensor(grad))
    mine = neural.softmax(ours, axis=axis, scale=0.3)
    gradient = neural.softmax_gradient(array(grad), mine, axis=axis, scale=0.3)
    assert_equal([mine, gradient], expected)
    y = torch.log_softmax(theirs, axis)
    expected = y, *torch.autograd.grad(y, theirs, torch.tensor(grad))
    mine = neural.log_softmax(ours, axis=axis)
    gradient = neural.log_softmax_gradient(array(grad), mine, axis=axis)
    assert_equal([mine, gradient], expected)
    assert_equal([neural.logsumexp(ours, axis=axis)], [torch.logsumexp(theirs, axis)])


def test_causal_softmax(array, draw):
    x = draw(3, 20, 20)
    hidden = torch.triu(torch.ones(20, 20), 1).bool()
    expected = torch.softmax(torch.tensor(x).masked_fill(hidden, -torch.inf), -1)
    assert_equal([neural.softmax(array(x), causal=True)], [expected])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_softmax_loss(array, draw, rng, smoothing):
    z, grad, labels = draw(9, 131), draw(9), rng.integers(131, size=9)
    theirs = leaf(z)
    losses = functions.cross_entropy(
        theirs, torch.tensor(labels), reduction="none", label_smoothing=smoothing
    )
    expected = losses, *torch.autograd.grad(losses, theirs, torch.tensor(grad))
    ours = array(z), array(labels)
    losses, totals = neural.softmax_loss(*ours, smoothing=smoothing)
    gradient = neural.softmax_loss_gradient(*ours, totals, array(grad), smoothing=smoothing)
    assert_equal([losses, gradient], expected)


def test_normalization(array, draw):
    x, weight, bias, grad = draw(300, 37), draw(37), draw(37), draw(300, 37)
    theirs = leaf(x), leaf(weight), leaf(bias)
    ours = array(x), array(weight), array(bias)
    for forward, backward, function in [
        (
            neural.layer_norm,
            neural.layer_norm_gradient,
            lambda x, w, b: functions.layer_norm(x, (37,), w, b, eps=1e-4),
        ),
        (
            neural.batch_norm,
            neural.batch_norm_gradient,
            lambda x, w, b: functions.batch_norm(x, None, None, w, b, training=True, eps=1e-4),
        ),
    ]:
        y = function(*theirs)
        expected = y, *torch.autograd.grad(y, theirs, torch.tensor(grad))
        mine, mean, variance = forward(*ours, eps=1e-4)
        grads = backward(array(grad), *ours[:2], mean, variance, eps=1e-4)
        assert_equal([mine, grads[0]], expected[:2])
        for one, other in zip(grads[1:], expected[2:], strict=True):  # sums of many elements
            assert_equal([one / 300], [other / 300])


def test_lstm_cell(array, draw):
    x, h, c = draw(5, 8), draw(5, 11), draw(5, 11)
    grad_h, grad_c = draw(5, 11), draw(5, 11)
    cell = torch.nn.LSTMCell(8, 11, bias=False).to(torch.tensor(x).dtype)
    state = leaf(c)
    results = cell(torch.tensor(x), (torch.tensor(h), state))
    weights = cell.weight_ih, cell.weight_hh
    expected = torch.autograd.grad(results, (state, *weights), map(torch.tensor, (grad_h, grad_c)))
    ours = [array(each.detach().numpy()) for each in weights]
    gates = array(x) @ ours[0].T + array(h) @ ours[1].T
    *found, activations = neural.lstm_cell(gates, array(c))
    assert_equal(found, results)
    operands = array(grad_h), array(grad_c), activations, array(c), found[1]
    grad_gates, grad_before = neural.lstm_cell_gradient(*operands)
    grads = grad_before, grad_gates.T @ array(x), grad_gates.T @ array(h)
    assert_equal(grads, expected)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam(array, draw, decoupled):
    p, grads = draw(40), [draw(40) for _ in range(4)]
    theirs = leaf(p)
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizer = kind([theirs], lr=0.01, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.1)
    mine, m, v = array(p), array(0 * p), array(0 * p)
    options = {"lr": 0.01, "beta1": 0.8, "beta2": 0.9, "eps": 1e-6, "weight_decay": 0.1}
    for step, grad in enumerate(grads, 1):
        theirs.grad = torch.tensor(grad)
        optimizer.step()
        g = array(grad)
        (mine,) = neural.adam_steps(
            [mine], [g], [m], [v], **options, step=step, decoupled=decoupled
        )
    state = optimizer.state[theirs]
    assert_equal([mine, m, v], [theirs, state["exp_avg"], state["exp_avg_sq"]])


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd(array, draw, nesterov):
    p, grads = draw(40), [draw(40) for _ in range(4)]
    theirs = leaf(p)
    optimizer = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=nesterov)
    mine, velocity = array(p), array(0 * p)
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "nesterov": nesterov}
    for grad in grads:
        theirs.grad = torch.tensor(grad)
        optimizer.step()
        (mine,) = neural.sgd_steps([mine], [array(grad)], [velocity], **options)
    assert_equal([mine, velocity], [theirs, optimizer.state[theirs]["momentum_buffer"]])


def test_activations(array, draw):
    x, grad = draw(50), draw(50)
    for forward, backward, function in [
        (neural.sigmoid, neural.sigmoid_gradient, torch.sigmoid),
        (neural.relu, neural.relu_gradient, torch.relu),
        (nd.tanh, neural.tanh_gradient, torch.tanh),
    ]:
        theirs = leaf(x)
        y = function(theirs)
        expected = y, *torch.autograd.grad(y, theirs, torch.tensor(grad))
        mine = forward(array(x))
        assert_equal([mine, backward(array(grad), mine)], expected)
