"""Question `mlp_resnet`: the network, a pass over examples, training on MNIST."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


def batch_norm(x, take, moments, training):
    moment = next(moments)
    if training:
        mean, var = x.mean(0), x.var(0)
        moment += 0.1 * (np.stack([mean, var]) - moment)
    else:
        mean, var = moment
    return (x - mean) / np.sqrt(var + 1e-5) * next(take) + next(take)


def block(x, take, moments, generator):
    """Return the result of a block, in training if there is a generator."""
    y = np.maximum(batch_norm(oracles.linear(x, take), take, moments, generator is not None), 0)
    if generator is not None:
        y = y * (generator.random_sample(y.shape) <= 0.9) / 0.9
    y = batch_norm(oracles.linear(y, take), take, moments, generator is not None)
    return np.maximum(x + y, 0)


def network(x, parameters, moments, generator=None):
    take, moments = iter(parameters), iter(moments)
    x = np.maximum(oracles.linear(x, take), 0)
    for _ in range((len(parameters) - 4) // 8):
        x = block(x, take, moments, generator)
    return oracles.linear(x, take)


def losses(z, y):
    shifted = z - z.max(1, keepdims=True)
    return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(y)), y]


def errors(z, y):
    return int(np.sum(z.argmax(1) != y))


def moments_of(buffers, sizes):
    return [np.stack([buffers["zeros", n], buffers["ones", n]]) for n in sizes]


@pytest.mark.points(1.5, part="mlp_resnet")
def test_residual_block(stage, judge, rng):
    n, inside = (int(size) for size in rng.integers((3, 6), (6, 9)))
    x = rng.standard_normal((5, n)).astype("float32")
    model = stage.module("apps.mlp_resnet").ResidualBlock(n, inside).eval()
    parameters = helpers.fill(stage, model.parameters(), rng)
    buffers = helpers.fill(stage, model.buffers(), rng, low=0.5)
    y = model(stage.Tensor(x))
    judge.close(
        "y",
        y,
        want=lambda: block(
            x,
            iter(oracles.block_parameters(parameters, n, inside)),
            iter(moments_of(buffers, (inside, n))),
            None,
        ).astype("float32"),
    )


@pytest.mark.points(1.5, part="mlp_resnet")
@pytest.mark.parametrize(
    "blocks", [pytest.param(1, id="one block"), pytest.param(3, id="three blocks")]
)
def test_mlp_resnet(stage, judge, rng, blocks):
    n, k = (int(size) for size in rng.integers(3, 7, size=2))
    x = rng.standard_normal((6, n)).astype("float32")
    make = stage.module("apps.mlp_resnet").MLPResNet
    model = make(n, hidden_dim=8, num_blocks=blocks, num_classes=k).eval()
    judge.value(
        "sorted shapes of the parameters",
        sorted(parameter.shape for parameter in model.parameters()),
        want=lambda: sorted(
            [
                *([n, 8], [1, 8]),
                *blocks * ([8, 4], [1, 4], [4], [4], [4, 8], [1, 8], [8], [8]),
                *([8, k], [1, k]),
            ]
        ),
    )
    parameters = helpers.fill(stage, model.parameters(), rng)
    buffers = helpers.fill(stage, model.buffers(), rng, low=0.5)
    logits = model(stage.Tensor(x))
    judge.close(
        "logits",
        logits,
        want=lambda: network(
            x,
            oracles.network_parameters(parameters, n, 8, blocks, k),
            moments_of(buffers, blocks * (4, 8)),
        ).astype("float32"),
    )


@pytest.mark.points(1, part="mlp_resnet")
def test_count_errors(stage, judge, rng):
    count = stage.module("apps.passes").count_errors
    batches = [(rng.standard_normal((60, 4)), rng.integers(4, size=60)) for _ in range(5)]
    counts = [count(stage.Tensor(z), stage.Tensor(y)) for z, y in batches]
    judge.value("wrong answers", counts, want=lambda: [errors(z, y) for z, y in batches])


@pytest.mark.points(2, part="mlp_resnet")
@pytest.mark.parametrize(
    "learn", [pytest.param(True, id="training"), pytest.param(False, id="test")]
)
def test_pass(stage, judge, rng, learn):
    class Descent(stage.optim.Optimizer):
        def update(self, parameter, gradient, state, settings):
            return parameter - gradient * settings["lr"]

    w, rate = rng.standard_normal((3, 4)), float(rng.uniform(0.05, 0.1))
    batches = [(rng.standard_normal((n, 3)), rng.integers(4, size=n)) for n in (9, 9, 9, 4)]
    weight = stage.nn.Parameter(w)
    weight.grad = stage.Tensor(w)  # of an earlier batch
    done = stage.module("apps.passes").run_pass(
        [tuple(map(stage.Tensor, batch)) for batch in batches],
        lambda batch: (batch[0] @ weight, batch[1]),
        lambda logits, y: (logits * logits).sum() / len(y),
        Descent([weight], lr=rate) if learn else None,
    )
    judge.close("weight", weight, want=lambda: descent(w, batches, learn * rate)[0])
    judge.value("examples", done.examples, want=lambda: 31)
    judge.value("wrong", done.wrong, want=lambda: descent(w, batches, learn * rate)[1])
    judge.close("loss", done.loss, want=lambda: descent(w, batches, learn * rate)[2])


def descent(w, batches, rate):
    """Return the weight after steps on the mean square, the errors and the sum of the losses."""
    wrong = loss = 0
    for x, y in batches:
        wrong, loss = wrong + errors(x @ w, y), loss + np.sum((x @ w) ** 2)
        w = w - rate * 2 * x.T @ (x @ w) / len(x)
    return w, wrong, loss


@pytest.mark.points(2, part="mlp_resnet")
@pytest.mark.parametrize(
    "learn", [pytest.param(True, id="training"), pytest.param(False, id="test")]
)
def test_epoch(stage, judge, rng, learn):
    class Shrink(stage.optim.Optimizer):
        def update(self, parameter, gradient, state, settings):
            return parameter * settings["lr"]

    class Model(stage.nn.Module):
        def __init__(self, weight):
            super().__init__()
            self.weight = stage.nn.Parameter(weight)

        def forward(self, x):
            return x @ self.weight * (float(np.random.rand()) + (10 if self.training else 0))

    w = rng.standard_normal((6, 4))
    batches = [(rng.standard_normal((n, 3, 2)), rng.integers(4, size=n)) for n in (9, 9, 4)]
    model = Model(w)
    model.train(mode=not learn)
    error_rate, loss = stage.module("apps.mlp_resnet").epoch(
        [tuple(map(stage.Tensor, batch)) for batch in batches],
        model,
        Shrink([model.weight], lr=0.25) if learn else None,
    )
    judge.close("error rate", error_rate, want=lambda: scaled(w, batches, learn)[0])
    judge.close("mean loss", loss, want=lambda: scaled(w, batches, learn)[1])


def scaled(w, batches, learn):
    generator, wrong, loss = np.random.RandomState(4), 0, 0
    for i, (x, y) in enumerate(batches):
        z = x.reshape(len(x), 6) @ w * (0.25**i if learn else 1)
        z *= generator.random_sample() + 10 * learn
        wrong, loss = wrong + errors(z, y), loss + losses(z, y).sum()
    return wrong / 22, loss / 22


@pytest.mark.points(3, part="mlp_resnet")
@pytest.mark.parametrize("start", ["drawn", "given"])
def test_train_mnist(stage, judge, rng, tmp_path, start):
    class Shrink(stage.optim.Optimizer):
        def update(self, parameter, gradient, state, settings):
            return parameter * (1 - settings["lr"] - settings["weight_decay"])

    sets, values, epochs = {}, {}, 1 if start == "drawn" else 2
    for part, count in (("train", 40), ("t10k", 25)):
        images = rng.integers(256, size=(count, 28, 28), dtype="uint8")
        labels = rng.integers(10, size=count, dtype="uint8")
        helpers.write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", images)
        helpers.write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", labels)
        sets[part] = images, labels

    def optimizer(params, lr, weight_decay):
        params = list(params)
        if start == "given":
            values.update(helpers.fill(stage, params, rng))
        return Shrink(params, lr=lr, weight_decay=weight_decay)

    lr, decay = (float(number) for number in rng.uniform(0.05, 0.1, 2))
    result = stage.module("apps.mlp_resnet").train_mnist(
        batch_size=16,
        epochs=epochs,
        optimizer=optimizer,
        lr=lr,
        weight_decay=decay,
        hidden_dim=8,
        data_dir=tmp_path,
    )
    names = "training error", "training loss", "test error", "test loss"
    for i, (name, number) in enumerate(zip(names, result, strict=True)):
        judge.close(
            name,
            number,
            want=lambda i=i: trained(sets, epochs, 1 - lr - decay, given(values) or drawn())[i],
            rtol=1e-4,
        )


def given(values):
    """Return the parameters of a network 784-8-10 of three blocks, if it was given any."""
    return values and oracles.network_parameters(values, 784, 8, 3, 10)


def drawn():
    """Return the parameters of a network 784-8-10 of three blocks, as the seed 4 draws them."""
    parameters, generator = [], np.random.RandomState(4)
    for n, p, normed in [(784, 8, False), *3 * [(8, 4, True), (4, 8, True)], (8, 10, False)]:
        for shape, fan_in in (((n, p), n), ((1, p), p)):
            draw = generator.random_sample(shape)
            parameters.append((2 * draw - 1) * np.sqrt(6 / fan_in))
        if normed:
            parameters += [np.ones(p), np.zeros(p)]
    return parameters


def trained(sets, epochs, factor, parameters):
    """Return errors and losses of the last epoch, where each step multiplies parameters."""
    parameters = [np.asarray(parameter, "float64") for parameter in parameters]
    moments = [np.stack([np.zeros(p), np.ones(p)]) for p in 3 * (4, 8)]
    (X, y), (X_test, y_test) = ((a.reshape(len(a), -1) / 255, b) for a, b in sets.values())
    for _ in range(epochs):
        wrong = loss = 0
        generator = np.random.RandomState(4)
        order = generator.permutation(len(y))
        for start in range(0, len(y), 16):
            rows = order[start : start + 16]
            z = network(X[rows], parameters, moments, generator)
            wrong, loss = wrong + errors(z, y[rows]), loss + losses(z, y[rows]).sum()
            parameters = [parameter * factor for parameter in parameters]
    z = network(X_test, parameters, moments)
    test = errors(z, y_test) / len(y_test), losses(z, y_test).mean()
    return wrong / len(y), loss / len(y), *test
