import numpy as np
import pytest

from needle_hw0 import (
    loss_err,
    nn_epoch,
    softmax_regression_epoch,
    train_nn,
    train_softmax,
    training,
)


@pytest.fixture
def data(rng):
    """Two sets of three clouds of points that a line separates."""
    centres = np.float32([[4, 0], [0, 4], [-4, -4]])

    def sample(size):
        y = np.arange(size, dtype=np.uint8) % 3
        noise = 0.3 * rng.standard_normal((size, 2))
        return (centres[y] + noise).astype(np.float32), y

    return *sample(60), *sample(31)


def rows(text):
    """Return the numbers of the table's body."""
    body = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in body]


@pytest.mark.parametrize("cpp", [False, True])
def test_softmax_regression_learns_from_zeros(data, capsys, cpp):
    theta = train_softmax(*data, epochs=3, lr=0.2, batch=7, cpp=cpp)
    expected = np.zeros((2, 3), dtype=np.float32)
    for _ in range(3):
        softmax_regression_epoch(data[0], data[1], expected, 0.2, 7)
    np.testing.assert_allclose(theta, expected, rtol=1e-4, atol=1e-6)
    table = rows(capsys.readouterr().out)
    loss, error = loss_err(data[0] @ theta, data[1])
    test_loss, test_error = loss_err(data[2] @ theta, data[3])
    assert table[-1][:-1] == [
        "3", f"{loss:.5f}", f"{error:.2%}", f"{test_loss:.5f}", f"{test_error:.2%}",
    ]  # fmt: skip
    assert [row[0] for row in table] == ["1", "2", "3"]
    assert test_error == 0


@pytest.mark.parametrize("cpp", [False, True])
def test_network_starts_from_the_seeds_numbers(data, capsys, cpp):
    np.random.seed(0)
    W1 = (np.random.randn(2, 5) / np.sqrt(5)).astype(np.float32)
    W2 = (np.random.randn(5, 3) / np.sqrt(3)).astype(np.float32)
    np.random.seed(9)
    trained = train_nn(*data, hidden_dim=5, epochs=2, lr=0.1, batch=10, cpp=cpp)
    after = np.random.rand()
    np.random.seed(9)
    assert after == np.random.rand(), "the global generator was touched"
    for _ in range(2):
        nn_epoch(data[0], data[1], W1, W2, 0.1, 10)
    np.testing.assert_allclose(trained[0], W1, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(trained[1], W2, rtol=1e-4, atol=1e-5)
    table = rows(capsys.readouterr().out)
    loss, error = loss_err(np.maximum(data[2] @ W1, 0) @ W2, data[3])
    assert table[-1][3:5] == [f"{loss:.5f}", f"{error:.2%}"]


@pytest.mark.parametrize("cpp", [False, True])
@pytest.mark.parametrize(
    ("train", "epoch"), [(train_softmax, "softmax_regression_epoch"), (train_nn, "nn_epoch")]
)
def test_the_engine_that_was_asked_for_does_the_work(data, capsys, monkeypatch, train, epoch, cpp):
    calls = []
    for name in (epoch, f"{epoch}_cpp"):
        monkeypatch.setattr(training, name, lambda *_, name=name: calls.append(name))
    train(*data, epochs=2, cpp=cpp)
    assert calls == [f"{epoch}_cpp" if cpp else epoch] * 2


@pytest.mark.parametrize("train", [train_softmax, train_nn])
@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda X, y, V, z: (X, y[:-1], V, z), ValueError, "X_tr has 60 rows and y_tr 59 labels"),
        (lambda X, y, V, z: (X, y, V, z[1:]), ValueError, "X_te has 31 rows and y_te 30 labels"),
        (lambda X, y, V, z: (X, y, V[:, :1], z), ValueError, r"\(60, 2\) of X_tr and \(31, 1\)"),
        (lambda X, y, V, z: (X, y, V, z + np.uint8(7)), IndexError, r"y_te\[0\] is 7; with 3"),
        (lambda X, y, V, z: (X, y.astype(int) - 1, V, z), IndexError, r"y_tr\[0\] is -1; with 2"),
    ],
)
def test_sets_that_do_not_fit_are_refused_before_training(data, capsys, train, change, kind, words):
    with pytest.raises(kind, match=words):
        train(*change(*data))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("train", [train_softmax, train_nn])
def test_settings_that_make_no_sense_are_refused(data, capsys, train):
    with pytest.raises(ValueError, match="epochs is 0; it must be at least 1"):
        train(*data, epochs=0)
    with pytest.raises(ValueError, match="batch is 0; it must be at least 1"):
        train(*data, batch=0)
    with pytest.raises(ValueError, match="hidden_dim is 0; it must be at least 1"):
        train_nn(*data, hidden_dim=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("cpp", [False, True])
def test_softmax_regression_on_mnist_reaches_eight_percent(mnist, capsys, cpp):
    theta = train_softmax(*mnist[0], *mnist[1], epochs=10, lr=0.2, batch=100, cpp=cpp)
    _, error = loss_err(mnist[1][0] @ theta, mnist[1][1])
    assert error == pytest.approx(0.08, abs=0.002)


def test_two_layers_on_mnist_reach_two_percent(mnist, capsys):
    W1, W2 = train_nn(*mnist[0], *mnist[1], hidden_dim=400, epochs=20, lr=0.2, batch=100, cpp=True)
    _, error = loss_err(np.maximum(mnist[1][0] @ W1, 0) @ W2, mnist[1][1])
    assert error < 0.02
