"""The two-layer network against formulas written out in NumPy."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import assert_close, gradient_check


def reference_loss(Z, y):
    """Compute the mean of log(sum(exp(Z_i))) - Z_i[y_i], one row at a time, in float64."""
    losses = []
    for row, label in zip(np.asarray(Z, "float64"), y, strict=True):
        peak = max(row)
        losses.append(peak + np.log(sum(np.exp(z - peak) for z in row)) - row[label])
    return sum(losses) / len(losses)


def reference_epoch(X, y, W1, W2, lr, batch):
    """Run an epoch by the formulas of hw0's handout."""
    W1, W2 = W1.copy(), W2.copy()
    for start in range(0, len(X), batch):
        rows, labels = X[start : start + batch], y[start : start + batch]
        hidden = np.maximum(rows @ W1, 0)
        exponentials = np.exp(hidden @ W2)
        G2 = exponentials / exponentials.sum(1, keepdims=True)
        G2[np.arange(len(labels)), labels] -= 1
        G1 = (hidden > 0) * (G2 @ W2.T)
        W1 -= lr / len(rows) * rows.T @ G1
        W2 -= lr / len(rows) * hidden.T @ G2
    return W1, W2


@pytest.fixture
def problem(rng):
    """Make images, labels and weights."""

    def make(m=20, n=5, d=7, k=3, dtype="float64"):
        X = rng.standard_normal((m, n)).astype(dtype)
        y = rng.integers(k, size=m).astype("uint8")
        W1 = (rng.standard_normal((n, d)) / np.sqrt(d)).astype(dtype)
        W2 = (rng.standard_normal((d, k)) / np.sqrt(k)).astype(dtype)
        return X, y, W1, W2

    return make


def one_hot(y, k):
    return Tensor(np.eye(k)[np.asarray(y, int)], requires_grad=False)


@pytest.mark.parametrize(("m", "k"), [(1, 1), (1, 4), (5, 1), (7, 3), (64, 10)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_is_that_of_the_definition(rng, simple_ml, m, k, dtype):
    Z = rng.standard_normal((m, k)).astype(dtype)
    y = rng.integers(k, size=m)
    labels = one_hot(y, k).astype(dtype).detach()
    loss = simple_ml.softmax_loss(Tensor(Z), labels)
    assert loss.shape == ()
    assert loss.dtype == dtype
    assert type(loss.realize_cached_data()) is np.ndarray
    assert_close(
        loss.item(), reference_loss(Z, y), rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-6
    )


def test_gradient_of_the_loss_agrees_with_differences(rng, simple_ml):
    labels = one_hot([0, 2, 1, 1], 3)
    gradient_check(lambda Z: simple_ml.softmax_loss(Z, labels), Tensor(rng.standard_normal((4, 3))))


def test_gradient_by_probabilities_as_labels_agrees_with_differences(rng, simple_ml):
    probabilities = rng.dirichlet(np.ones(3), 4)
    Z = rng.standard_normal((4, 3))
    loss = simple_ml.softmax_loss(Tensor(Z), Tensor(probabilities))
    assert_close(loss.item(), np.mean(np.log(np.exp(Z).sum(1)) - (Z * probabilities).sum(1)))

    def along_the_simplex(Z, a):
        mixed = probabilities + (probabilities[::-1] - probabilities) * a
        return simple_ml.softmax_loss(Z, mixed)

    gradient_check(along_the_simplex, Tensor(Z), Tensor(0.3))


def test_gradient_of_the_gradient_of_the_loss_agrees_with_differences(rng, simple_ml):
    weights = Tensor(rng.standard_normal((4, 3)), requires_grad=False)
    probabilities = Tensor(rng.dirichlet(np.ones(3), 4))

    def directional(Z, y):
        simple_ml.softmax_loss(Z * 2, y).backward()
        return (Z.grad * weights).sum() + Z.grad[0] * Z[1]

    def of_logits(Z):
        return directional(Z, probabilities)

    gradient_check(of_logits, Tensor(rng.standard_normal((4, 3))))
    Z = Tensor(rng.standard_normal((4, 3)))
    gradient_check(lambda y: directional(Z, y), probabilities)

    def third(Z):
        of_logits(Z).sum().backward()
        return Z.grad

    gradient_check(third, Tensor(rng.standard_normal((4, 3))), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [1e4, 1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_and_gradient_of_huge_logits_are_finite(simple_ml, size, dtype):
    Z = Tensor(np.array([[size, 0.0, -size], [0.0, size, size]]), dtype=dtype)
    loss = simple_ml.softmax_loss(Z, one_hot([0, 1], 3).astype(dtype))
    assert_close(loss.item(), np.log(2) / 2, rtol=1e-6)
    loss.backward()
    assert_close(Z.grad.numpy(), np.array([[0, 0, 0], [0, -0.25, 0.25]], dtype), atol=1e-6)


def test_class_that_is_masked_by_an_infinite_logit_costs_nothing(simple_ml):
    Z = Tensor(np.array([[1.0, -np.inf, 0.0]]))
    loss = simple_ml.softmax_loss(Z, one_hot([0], 3))
    loss.backward()
    share = 1 / (1 + np.exp(-1))
    assert_close(loss.item(), -np.log(share))
    assert_close(Z.grad, [[share - 1, 0.0, 1 - share]])


def test_loss_of_labels_of_another_dtype_promotes_and_keeps_that_of_the_gradient():
    Z = Tensor(np.array([[1.0, 2.0]], "float32"))
    loss = ndl.softmax_loss(Z, one_hot([0], 2))
    assert loss.dtype == np.float64
    loss.backward()
    assert Z.grad.dtype == np.float32
    p = np.exp([[1.0, 2.0]]) / np.exp([1.0, 2.0]).sum()
    assert_close(Z.grad, p - [[1.0, 0.0]])


def test_one_loss_op_serves_several_tensors():
    op = ndl.SoftmaxLoss()
    zs = [Tensor([[1.0, 2.0], [3.0, 0.0]]), Tensor([[5.0, -1.0], [0.0, 0.5]])]
    losses = [op(Z, one_hot([0, 1], 2)) for Z in zs]
    for Z, loss in zip(zs, losses, strict=True):
        loss.backward()
        p = np.exp(Z.numpy()) / np.exp(Z.numpy()).sum(1, keepdims=True)
        assert_close(Z.grad, (p - np.eye(2)) / 2)


def test_loss_is_differentiated_where_it_was_computed_although_its_logits_changed():
    Z = Tensor([[1.0, 2.0]])
    loss = ndl.softmax_loss(Z, one_hot([0], 2))
    Z.data = Tensor([[50.0, 2.0]])
    loss.backward()
    p = np.exp([[1.0, 2.0]]) / np.exp([1.0, 2.0]).sum()
    assert_close(Z.grad, p - [[1.0, 0.0]])


@pytest.mark.parametrize(
    ("Z", "y"),
    [
        ((2, 3), (2, 2)), ((2, 3), (3, 2)), ((3,), (3,)), ((2, 3), (2,)), ((0, 3), (0, 3)),
        ((2, 1, 3), (2, 1, 3)), ((), ()),
    ],
)  # fmt: skip
def test_loss_of_other_shapes_is_refused(simple_ml, Z, y):
    with pytest.raises(ValueError, match="logits and one-hot labels"):
        simple_ml.softmax_loss(Tensor(np.ones(Z)), Tensor(np.ones(y)))


@pytest.mark.parametrize("batch", [1, 3, 10, 20, 50])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_epoch_equals_the_one_by_hand(problem, simple_ml, batch, dtype):
    X, y, W1, W2 = problem(dtype=dtype)
    result = simple_ml.nn_epoch(X, y, Tensor(W1), Tensor(W2), lr=0.2, batch=batch)
    exact = [array.astype("float64") for array in (X, W1, W2)]
    expected = reference_epoch(exact[0], y, *exact[1:], lr=0.2, batch=batch)
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {}
    for found, wanted in zip(result, expected, strict=True):
        assert type(found) is Tensor
        assert found.dtype == dtype
        assert found.requires_grad
        assert_close(found.numpy(), wanted, **tolerance)


def test_epoch_has_the_defaults_of_the_course(problem, simple_ml):
    X, y, W1, W2 = problem(m=230)
    result = simple_ml.nn_epoch(X, y, Tensor(W1), Tensor(W2))
    expected = reference_epoch(X, y, W1, W2, lr=0.1, batch=100)
    for found, wanted in zip(result, expected, strict=True):
        assert_close(found.numpy(), wanted)


def test_epoch_leaves_its_arguments_as_they_are(problem, simple_ml):
    arrays = problem()
    copies = [array.copy() for array in arrays]
    X, y = arrays[:2]
    W1, W2 = Tensor(arrays[2]), Tensor(arrays[3])
    kept = W1.cached_data, W2.cached_data
    new = simple_ml.nn_epoch(X, y, W1, W2, batch=5)
    assert W1.cached_data is kept[0]
    assert W2.cached_data is kept[1]
    for found, wanted in zip((X, y, W1, W2), copies, strict=True):
        assert_close(found, wanted)
    assert W1.grad is None
    for old, changed in zip((W1, W2), new, strict=True):
        assert not np.shares_memory(old.cached_data, changed.cached_data)
        assert not np.array_equal(old.numpy(), changed.numpy())


def test_epoch_keeps_the_dtype_of_the_weights_whatever_the_images_are(problem, simple_ml):
    X, y, W1, W2 = problem(dtype="float32")
    images = np.abs(X * 50).astype("uint8")
    for data in (images, images.astype("float64")):
        result = simple_ml.nn_epoch(data, y, Tensor(W1), Tensor(W2), lr=1e-3)
        expected = reference_epoch(
            data.astype("float64"), y, *(W.astype("float64") for W in (W1, W2)), 1e-3, 100
        )
        for found, wanted in zip(result, expected, strict=True):
            assert found.dtype == np.float32
            assert_close(found.numpy(), wanted, rtol=1e-4, atol=1e-4)


def test_epoch_is_the_same_when_operations_are_deferred(problem, simple_ml):
    X, y, W1, W2 = problem()
    expected = simple_ml.nn_epoch(X, y, Tensor(W1), Tensor(W2), batch=6)
    with ndl.lazy():
        found = simple_ml.nn_epoch(X, y, Tensor(W1), Tensor(W2), batch=6)
    for a, b in zip(found, expected, strict=True):
        assert_close(a, b)


@pytest.mark.parametrize(("change", "error", "message"), [
    (lambda p: {"batch": 0}, ValueError, "batch is at least 1, got 0"),
    (lambda p: {"batch": -5}, ValueError, "batch is at least 1, got -5"),
    (lambda p: {"y": p["y"][:-1]}, ValueError, "X has 20 rows and y 19 labels"),
    (lambda p: {"y": np.full(20, 3)}, IndexError, "index 3 is outside of one_hot's 3 classes"),
    (lambda p: {"y": np.full(20, -1)}, IndexError, "index -1"),
    (lambda p: {"y": np.full(20, 0.5)}, TypeError, "whole numbers"),
    (lambda p: {"y": p["y"][:, None]}, ValueError, "one shape"),
    (lambda p: {"X": p["X"][:, 1:]}, ValueError, "do not multiply"),
    (lambda p: {"W2": Tensor(np.ones((9, 3)))}, ValueError, "do not multiply"),
])  # fmt: skip
def test_epoch_refuses_what_does_not_fit(problem, simple_ml, change, error, message):
    X, y, W1, W2 = problem()
    arguments = {"X": X, "y": y, "W1": Tensor(W1), "W2": Tensor(W2)}
    with pytest.raises(error, match=message):
        simple_ml.nn_epoch(**{**arguments, **change(arguments)})


def test_loss_and_error_of_logits(rng, simple_ml):
    h = rng.standard_normal((50, 4)).astype("float32")
    y = rng.integers(4, size=50)
    loss, error = simple_ml.loss_err(Tensor(h), y)
    assert type(loss) is np.ndarray
    assert loss.shape == ()
    assert_close(loss, np.array(reference_loss(h, y)), rtol=1e-5)
    assert type(error) is float
    assert error == np.mean([np.argmax(row) != label for row, label in zip(h, y, strict=True)])
    assert np.array([loss, error]).shape == (2,)


def test_training_learns_digits_that_it_has_not_seen(simple_ml, rng):
    folder = Path(os.environ.get("NEEDLE_DATA", "")) / "mnist"
    if "NEEDLE_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("needs the real MNIST: set NEEDLE_DATA to a folder with `mnist` in it")
    images = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    X = np.frombuffer(images, "uint8").reshape(-1, 784).astype("float32") / 255
    y = np.frombuffer(labels, "uint8")
    W1 = Tensor(rng.standard_normal((784, 64)) / 8, dtype="float32")
    W2 = Tensor(rng.standard_normal((64, 10)) / np.sqrt(10), dtype="float32")
    for _ in range(3):
        W1, W2 = simple_ml.nn_epoch(X[:8000], y[:8000], W1, W2, lr=0.2)
    hidden = ndl.relu(Tensor(X[8000:], requires_grad=False) @ W1)
    _, error = simple_ml.loss_err(hidden @ W2, y[8000:])
    assert error < 0.1
