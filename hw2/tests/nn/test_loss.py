"""Losses: formulas, gradients, edges, and errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw2 import Tensor, nn
from needle_shared.testing import arrays, assert_close, gradient_check


def np_softmax_loss(labels, smoothing=0.0):
    def reference(z):
        log_probs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        targets = np.eye(z.shape[1])[labels] * (1 - smoothing) + smoothing / z.shape[1]
        return -(targets * log_probs).sum() / len(z)

    return reference


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def np_bce(z, y):
    return (y * softplus(-z) + (1 - y) * softplus(z)).mean()


class Of(nn.Module):
    """A loss of fixed labels."""

    def __init__(self, loss, labels):
        super().__init__()
        self.loss, self.labels = loss, (labels,)

    def forward(self, x):
        return self.loss(x, self.labels[0])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize(("rows", "classes"), [(1, 1), (1, 3), (4, 2), (5, 7)])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "int8"])
def test_softmax_loss(device, rng, module_check, rows, classes, smoothing, dtype):
    labels = rng.integers(classes, size=rows)
    y = Tensor(labels.astype(dtype), device=device, requires_grad=False)
    z = Tensor(rng.standard_normal((rows, classes)) * 3, device=device)
    module_check(Of(nn.SoftmaxLoss(smoothing), y), np_softmax_loss(labels, smoothing), z)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_keep_the_dtype_of_their_inputs_and_have_no_axes(rng, dtype):
    x = Tensor(rng.standard_normal((4, 2)).astype(dtype))
    y = Tensor(rng.random((4, 2)).astype(dtype))
    labels = Tensor(np.array([0, 1, 1, 0]))
    for loss in (nn.SoftmaxLoss()(x, labels), nn.MSELoss()(x, y), nn.BCEWithLogitsLoss()(x, y),
                 nn.SoftmaxLoss(0.2)(x, labels)):  # fmt: skip
        assert loss.shape == ()
        assert loss.dtype == dtype
        loss.backward()
        assert x.grad.dtype == dtype


def test_softmax_loss_is_stable():
    z = np.array([[1e30, 0.0, -1e30], [-1e30, -1e30, -1e30]])
    for create_graph in (True, False):
        logits = Tensor(z)
        loss = nn.SoftmaxLoss()(logits, Tensor([0, 2]))
        assert_close(loss, np.log(3) / 2)
        loss.backward(create_graph=create_graph)
        assert_close(logits.grad, [[0.0, 0.0, 0.0], [1 / 6, 1 / 6, -1 / 3]])


def test_masked_classes_cost_nothing():
    logits = Tensor([[0.0, -math.inf, 0.0]])
    loss = nn.SoftmaxLoss()(logits, Tensor([2]))
    loss.backward()
    assert_close(loss, np.log(2))
    assert_close(logits.grad, [[0.5, 0.0, -0.5]])


@given(arrays((3, 4)), st.lists(st.integers(0, 3), min_size=3, max_size=3), st.floats(0, 1))
def test_smoothed_loss_lies_between_the_loss_and_the_mean_over_all_labels(z, labels, smoothing):
    logits = Tensor(z)
    plain = nn.SoftmaxLoss()(logits, Tensor(labels)).item()
    spread = np.mean([nn.SoftmaxLoss()(logits, Tensor([k] * 3)).item() for k in range(4)])
    expected = (1 - smoothing) * plain + smoothing * spread
    assert_close(nn.SoftmaxLoss(smoothing)(logits, Tensor(labels)).item(), expected)
    assert plain >= 0


@pytest.mark.parametrize(("logits", "labels"), [
    ((), ()), ((3,), (3,)), ((4, 3), (3,)), ((4, 3), (4, 1)), ((4, 3), (4, 3)), ((0, 3), (0,)),
    ((2, 2, 3), (2,)), ((4, 3), ()),
])  # fmt: skip
def test_softmax_loss_names_shapes_that_do_not_fit(logits, labels):
    with pytest.raises(ValueError, match=r"takes logits") as caught:
        nn.SoftmaxLoss()(Tensor(np.ones(logits)), Tensor(np.zeros(labels)))
    assert str(logits) in str(caught.value)
    assert str(labels) in str(caught.value)


@pytest.mark.parametrize("label", [-1, 3, 10**9])
@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_label_outside_of_the_classes_is_named(label, dtype):
    labels = Tensor(np.array([0, label], dtype))
    with pytest.raises(IndexError, match=rf"{label}.*3 classes"):
        nn.SoftmaxLoss()(Tensor(np.ones((2, 3))), labels)


@pytest.mark.parametrize("label", [0.5, math.nan, math.inf, -math.inf, 1e300])
def test_label_that_is_not_whole_is_refused(label):
    with pytest.raises(TypeError, match="whole numbers"):
        nn.SoftmaxLoss()(Tensor(np.ones((2, 3))), Tensor([0.0, label]))


def test_labels_of_unsigned_and_bool_dtypes():
    z = Tensor([[0.0, 1.0]] * 2)
    expected = nn.SoftmaxLoss()(z, Tensor([1, 0])).item()
    assert nn.SoftmaxLoss()(z, Tensor([True, False])).item() == expected
    with pytest.raises((IndexError, TypeError)):
        nn.SoftmaxLoss()(z, Tensor(np.array([0, 2**64 - 1], "uint64")))


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, math.nan])
def test_smoothing_lies_between_zero_and_one(smoothing):
    with pytest.raises(ValueError, match=rf"\[0, 1\], got {smoothing}"):
        nn.SoftmaxLoss(smoothing)


@pytest.mark.parametrize("shape", [(), (3,), (4, 2), (2, 1, 3)])
def test_mean_squared_error(device, rng, module_check, shape):
    x, y = (Tensor(rng.standard_normal(shape), device=device) for _ in range(2))
    module_check(nn.MSELoss(), lambda x, y: ((x - y) ** 2).mean(), x, y)


@pytest.mark.parametrize("shape", [(), (3,), (4, 2), (2, 1, 3)])
def test_binary_cross_entropy(device, rng, module_check, shape):
    z = Tensor(rng.standard_normal(shape) * 3, device=device)
    y = Tensor(rng.random(shape), device=device)
    module_check(nn.BCEWithLogitsLoss(), np_bce, z, y)


@pytest.mark.parametrize("z", [0.0, 1.0, -1.0, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4])
@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_binary_cross_entropy_of_any_logit(z, y, dtype):
    logits = Tensor(np.array([z], dtype))
    target = Tensor(np.array([y], dtype), requires_grad=False)
    loss = nn.BCEWithLogitsLoss()(logits, target)
    exact = np_bce(np.array([z]), np.array([y]))
    # Also where the answer is right and sure, the loss is not 0: relatively accurate.
    np.testing.assert_allclose(
        loss.numpy(), exact, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-44
    )
    loss.backward()
    sigmoid = 1 / (1 + np.exp(-np.clip(z, -700, 700)))
    assert_close(logits.grad, np.array([sigmoid - y]).astype(dtype))


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.BCEWithLogitsLoss()], ids=["mse", "bce"])
@pytest.mark.parametrize("shapes", [((3,), (3, 1)), ((3, 1), (3,)), ((2, 3), (2, 1)), ((), (1,))])
def test_losses_of_two_tensors_do_not_broadcast(loss, shapes):
    x, y = (Tensor(np.ones(shape)) for shape in shapes)
    with pytest.raises(ValueError, match=f"{type(loss).__name__} takes .* one shape") as caught:
        loss(x, y)
    assert all(str(shape) in str(caught.value) for shape in shapes)


def test_targets_have_gradients_too(rng):
    z, y = Tensor(rng.standard_normal(3)), Tensor(rng.random(3))
    gradient_check(nn.BCEWithLogitsLoss(), z, y)
    nn.BCEWithLogitsLoss()(z, y).backward()
    assert_close(y.grad, -z.numpy() / 3)


def test_losses_work_over_another_library(second_device, rng):
    far = second_device()
    x, y = rng.standard_normal((4, 3)), rng.random((4, 3))
    labels = np.array([0, 2, 1, 1])
    for loss, target in [(nn.MSELoss(), y), (nn.BCEWithLogitsLoss(), y), (nn.SoftmaxLoss(), labels),
                         (nn.SoftmaxLoss(0.1), labels)]:  # fmt: skip
        here, there = Tensor(x), Tensor(x, device=far)
        expected, result = loss(here, Tensor(target)), loss(there, Tensor(target, device=far))
        assert_close(result.numpy(), expected.numpy())
        expected.backward()
        result.backward(create_graph=False)
        assert_close(there.grad.numpy(), here.grad.numpy())
