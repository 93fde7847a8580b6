"""Question `mlp_resnet`: another norm, dropout, clipping, what a pass leaves behind."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


def layer_norm(x, take):
    return oracles.standard(x, 1, 1e-5) * next(take) + next(take)


def block(x, take, generator, p):
    y = np.maximum(layer_norm(oracles.linear(x, take), take), 0)
    y = y * (generator.random_sample(y.shape) <= 1 - p) / (1 - p)
    return np.maximum(x + layer_norm(oracles.linear(y, take), take), 0)


@pytest.mark.points(1, part="mlp_resnet", hidden=True)
def test_residual_block_with_dropout(stage, judge, rng):
    n, inside = (int(size) for size in rng.integers((3, 6), (6, 9)))
    x, p = rng.standard_normal((5, n)).astype("float32"), float(rng.uniform(0.3, 0.6))
    seed = int(rng.integers(2**31))
    model = stage.module("apps.mlp_resnet").ResidualBlock(n, inside, stage.nn.LayerNorm1d, p)
    parameters = helpers.fill(stage, model.parameters(), rng)
    np.random.seed(seed)
    y = model(stage.Tensor(x))
    judge.close(
        "y",
        y,
        want=lambda: block(
            x,
            iter(oracles.block_parameters(parameters, n, inside)),
            np.random.RandomState(seed),
            p,
        ).astype("float32"),
    )


@pytest.mark.points(1, part="mlp_resnet", hidden=True)
def test_mlp_resnet_with_another_norm(stage, judge, rng):
    n, k = (int(size) for size in rng.integers(3, 7, size=2))
    x, p = rng.standard_normal((6, n)).astype("float32"), float(rng.uniform(0.3, 0.6))
    seed = int(rng.integers(2**31))
    make = stage.module("apps.mlp_resnet").MLPResNet
    model = make(n, 7, 2, k, norm=stage.nn.LayerNorm1d, drop_prob=p)
    parameters = helpers.fill(stage, model.parameters(), rng)
    np.random.seed(seed)
    logits = model(stage.Tensor(x))
    judge.close(
        "logits",
        logits,
        want=lambda: network(x, oracles.network_parameters(parameters, n, 7, 2, k), seed, p).astype(
            "float32"
        ),
    )


def network(x, parameters, seed, p):
    take, generator = iter(parameters), np.random.RandomState(seed)
    x = np.maximum(oracles.linear(x, take), 0)
    for _ in range(2):
        x = block(x, take, generator, p)
    return oracles.linear(x, take)


@pytest.mark.points(0.5, part="mlp_resnet", hidden=True)
def test_count_errors_of_other_labels(stage, judge, rng):
    count, tensor = stage.module("apps.passes").count_errors, stage.Tensor
    z = rng.standard_normal((200, 7)).astype("float32")
    y = rng.integers(7, size=200)
    some = int(rng.integers(20, 90))
    counts = [
        count(tensor(z[:some]), tensor(y[:some].astype("uint8"))),
        count(tensor(z.T.copy().T), tensor(y.astype("float32"))),
    ]
    judge.value(
        "wrong answers",
        counts,
        want=lambda: [int(np.sum(z[:m].argmax(1) != y[:m])) for m in (some, 200)],
    )


@pytest.mark.points(1.5, part="mlp_resnet", hidden=True)
def test_pass_with_clipping(stage, judge, rng):
    class Descent(stage.optim.Optimizer):
        def update(self, parameter, gradient, state, settings):
            return parameter - gradient * settings["lr"]

        def clip_grad_norm(self, max_norm=0.25):  # so that this is not a check of the real one
            for parameter in self.params:
                if parameter.grad is not None:
                    parameter.grad = stage.Tensor(parameter.grad.numpy() * max_norm)

    starts, bound = rng.standard_normal((2, 3, 4)), float(rng.uniform(0.5, 0.9))
    batches = [(rng.standard_normal((n, 3)), rng.integers(2, size=n)) for n in (6, 5, 1)]
    first, later = (stage.nn.Parameter(start) for start in starts)
    done = stage.module("apps.passes").run_pass(
        (tuple(map(stage.Tensor, batch)) for batch in batches),
        lambda batch: (batch[0] @ (first if len(batch[1]) == 6 else later), batch[1]),
        lambda logits, y: (logits * logits).sum() / len(y),
        Descent([first, later], lr=0.125),
        clip=bound,
    )
    names = "weight of the first batch", "weight of the later ones", "loss"
    for i, (name, value) in enumerate(zip(names, (first, later, done.loss), strict=True)):
        judge.close(name, value, want=lambda i=i: clipped(starts, batches, 0.125 * bound)[i])


def clipped(starts, batches, rate):
    weights, loss = list(starts), 0
    for i, (x, _) in enumerate(batches):
        w = weights[i > 0]
        loss += np.sum((x @ w) ** 2)
        weights[i > 0] = w - rate * 2 * x.T @ (x @ w) / len(x)
    return [*weights, loss]
