"""The MLP ResNet and the course's functions that train it, against NumPy."""

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_hw2 import data, nn, optim
from needle_hw2.apps.mlp_resnet import (
    MLPResNet,
    ResidualBlock,
    count_errors,
    epoch,
    mnist,
    train_mnist,
)


def size(model):
    return sum(parameter.size for parameter in model.parameters())


def kinds(module):
    return [type(child).__name__ for child in module]


def layers(model):
    """Return the linear layers in the order in which they are called."""
    return [module for module in nn.Module.modules(model) if isinstance(module, nn.Linear)]


# Structure


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm1d])
@pytest.mark.parametrize(("dim", "hidden"), [(15, 2), (4, 4), (1, 3)])
def test_block_is_two_linear_layers_with_norms_around_a_residual(norm, dim, hidden):
    block = ResidualBlock(dim, hidden, norm, drop_prob=0.25)
    residual, last = block
    assert isinstance(residual, nn.Residual)
    assert isinstance(last, nn.ReLU)
    name = norm.__name__
    assert kinds(residual.fn) == ["Linear", name, "ReLU", "Dropout", "Linear", name]
    assert residual.fn[3].p == 0.25
    assert [layer.weight.shape for layer in layers(block)] == [(dim, hidden), (hidden, dim)]
    weights, biases, scales = 2 * dim * hidden, hidden + dim, 2 * hidden + 2 * dim
    assert size(block) == weights + biases + scales


def test_block_computes_relu_of_x_plus_what_its_layers_add():
    np.random.seed(0)
    block = ResidualBlock(5, 3, nn.LayerNorm1d, drop_prob=0.0)
    x = np.random.default_rng(1).standard_normal((4, 5)).astype(np.float32)

    def linear(layer, x):
        return x @ layer.weight.numpy() + layer.bias.numpy()

    def standardize(x):
        return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)

    first, second = layers(block)
    inside = np.maximum(standardize(linear(first, x)), 0)
    expected = np.maximum(x + standardize(linear(second, inside)), 0)
    np.testing.assert_allclose(block(Tensor(x)).numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("blocks", [0, 1, 3])
@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm1d])
def test_network_has_the_parameters_of_its_layers(blocks, norm):
    model = MLPResNet(12, 7, blocks, 5, norm)
    block = 7 * 3 + 3 + 3 * 7 + 7 + 2 * 3 + 2 * 7  # 7 wide, 7 // 2 inside
    assert size(model) == 12 * 7 + 7 + blocks * block + 7 * 5 + 5
    assert kinds(model) == ["Linear", "ReLU", *["Sequential"] * blocks, "Linear"]
    inner = [(7, 3), (3, 7)] * blocks
    assert [layer.weight.shape for layer in layers(model)] == [(12, 7), *inner, (7, 5)]


def test_default_network_is_that_of_the_course():
    model = MLPResNet(784)
    block = 100 * 50 + 50 + 50 * 100 + 100 + 2 * 50 + 2 * 100
    assert size(model) == 784 * 100 + 100 + 3 * block + 100 * 10 + 10
    dropouts = [m for m in nn.Module.modules(model) if isinstance(m, nn.Dropout)]
    assert [dropout.p for dropout in dropouts] == [0.1] * 3
    assert sum(isinstance(m, nn.BatchNorm1d) for m in nn.Module.modules(model)) == 6


def test_blocks_share_no_weights():
    weights = [layer.weight.numpy() for layer in layers(MLPResNet(8, 8, 2, 8))]
    assert len({weight.tobytes() for weight in weights}) == 6


def test_weights_are_drawn_in_the_order_of_execution():
    np.random.seed(7)
    model = MLPResNet(6, 4, 1, 3)
    np.random.seed(7)
    for inputs, outputs in ((6, 4), (4, 2), (2, 4), (4, 3)):
        layer = nn.Linear(inputs, outputs)
        mine = next(each for each in layers(model) if each.weight.shape == (inputs, outputs))
        np.testing.assert_array_equal(mine.weight.numpy(), layer.weight.numpy())
        np.testing.assert_array_equal(mine.bias.numpy(), layer.bias.numpy())


# An epoch


@pytest.fixture
def rows():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((17, 6)).astype(np.float32)
    return X, rng.integers(3, size=17).astype(np.uint8)


@pytest.fixture
def linear():
    np.random.seed(0)
    return nn.Sequential(nn.Linear(6, 3))


def error_and_loss(X, y, W, b):
    """Return the error rate and the mean cross-entropy of X W + b, in float64."""
    Z = X.astype(np.float64) @ W + b
    log_probs = Z - np.log(np.exp(Z).sum(1, keepdims=True))
    return np.mean(Z.argmax(1) != y), -np.mean(log_probs[np.arange(len(y)), y])


@pytest.mark.parametrize("batch", [1, 5, 17, 40])
def test_evaluation_gives_error_rate_and_mean_loss(rows, linear, batch):
    loader = data.DataLoader(data.NDArrayDataset(*rows), batch)
    before = [p.numpy() for p in linear.parameters()]
    error, loss = epoch(loader, linear)
    wanted = error_and_loss(*rows, before[0], before[1])
    assert (type(error), type(loss)) == (float, float)
    assert error == wanted[0]
    assert loss == pytest.approx(wanted[1], rel=1e-5)
    for parameter, value in zip(linear.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.numpy(), value)
        assert parameter.grad is None


def test_training_gives_the_results_before_each_update_and_takes_the_steps(rows, linear):
    X, y = rows
    W, b = (p.numpy().astype(np.float64) for p in linear.parameters())
    loader = data.DataLoader(data.NDArrayDataset(X, y), 5)
    error, loss = epoch(loader, linear, optim.SGD(linear.parameters(), lr=0.5))
    errors, losses = [], []
    for start in range(0, 17, 5):
        part, labels = X[start : start + 5], y[start : start + 5]
        results = error_and_loss(part, labels, W, b)
        errors.append(results[0] * len(part))
        losses.append(results[1] * len(part))
        exponents = np.exp(part.astype(np.float64) @ W + b)
        G = exponents / exponents.sum(1, keepdims=True) - np.eye(3)[labels]
        W, b = W - 0.5 * part.T @ G / len(part), b - 0.5 * G.mean(0)
    assert error == sum(errors) / 17
    assert loss == pytest.approx(sum(losses) / 17, rel=1e-5)
    weight, bias = linear.parameters()
    np.testing.assert_allclose(weight.numpy(), W, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(bias.numpy().reshape(-1), b.reshape(-1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("trains", [True, False])
def test_mode_follows_from_the_optimizer(rows, linear, trains):
    model = nn.Sequential(linear, nn.Dropout(0.5))
    model.train(mode=not trains)
    opt = optim.SGD(model.parameters()) if trains else None
    epoch(data.DataLoader(data.NDArrayDataset(*rows), 5), model, opt)
    assert all(module.training is trains for module in nn.Module.modules(model))


@pytest.mark.parametrize("trains", [True, False])
def test_graph_is_recorded_only_to_train(rows, linear, trains):
    recorded = []

    class Noting(nn.Module):
        def forward(self, x):
            recorded.append(x.requires_grad)
            return x

    model = nn.Sequential(linear, Noting())
    opt = optim.SGD(model.parameters()) if trains else None
    epoch(data.DataLoader(data.NDArrayDataset(*rows), 9), model, opt)
    assert recorded == [trains] * 2


def test_epoch_begins_with_the_seed_4(rows, linear):
    loader = data.DataLoader(data.NDArrayDataset(*rows), 5, shuffle=True)
    np.random.seed(4)
    order = np.random.permutation(17)
    after = np.random.rand()
    np.random.seed(99)
    epoch(loader, linear)
    np.testing.assert_array_equal(np.concatenate(loader.ordering), order)
    assert np.random.rand() == after


def test_images_of_any_shape_are_flattened(rows, linear):
    X, y = rows
    flat = epoch(data.DataLoader(data.NDArrayDataset(X, y), 5), linear)
    boxes = epoch(data.DataLoader(data.NDArrayDataset(X.reshape(17, 2, 3, 1), y), 5), linear)
    assert boxes == flat


def test_epoch_without_batches_is_an_error(linear):
    with pytest.raises(ValueError, match="at least one batch"):
        epoch([], linear)


def test_errors_are_rows_whose_largest_logit_is_not_at_the_label():
    logits = Tensor(np.array([[1.0, 2.0], [3.0, 1.0], [0.0, -1.0]], np.float32))
    assert count_errors(logits, Tensor(np.array([1, 1, 0]))) == 1


# MNIST


def test_training_on_files_is_that_of_its_parts(small_mnist):
    result = train_mnist(10, 2, optim.SGD, 0.05, 0.01, 8, small_mnist)
    np.random.seed(4)
    training, test = (
        data.MNISTDataset(
            small_mnist / f"{part}-images-idx3-ubyte.gz",
            small_mnist / f"{part}-labels-idx1-ubyte.gz",
        )
        for part in ("train", "t10k")
    )
    model = MLPResNet(784, 8)
    opt = optim.SGD(model.parameters(), lr=0.05, weight_decay=0.01)
    for _ in range(2):
        last = epoch(data.DataLoader(training, 10, shuffle=True), model, opt)
    assert result == (*last, *epoch(data.DataLoader(test, 10), model))
    assert len(result) == 4
    assert result == train_mnist(10, 2, optim.SGD, 0.05, 0.01, 8, small_mnist)


def test_training_on_files_learns(small_mnist):
    train_error, train_loss, test_error, _ = train_mnist(
        10, 8, lr=0.01, hidden_dim=16, data_dir=str(small_mnist)
    )
    assert train_error < 0.1
    assert train_loss < np.log(3) / 2
    assert test_error < 0.1


def test_files_are_read_as_training_and_test_set(small_mnist):
    training, test = mnist(small_mnist)
    assert (len(training), len(test)) == (60, 20)
    image, label = training[4]
    assert (image.shape, image.dtype, label) == ((784,), np.float32, 1)


@pytest.mark.parametrize("epochs", [0, -1])
def test_no_epoch_is_an_error(epochs, tmp_path):
    with pytest.raises(ValueError, match=f"epochs is at least 1, got {epochs}"):
        train_mnist(epochs=epochs, data_dir=tmp_path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images"):
        train_mnist(data_dir=tmp_path)
