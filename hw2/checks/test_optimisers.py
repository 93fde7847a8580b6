"""Question `optimisers`: the steps of SGD and Adam, and clipping by the norm."""

import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


def steps(stage, optimizer, parameters, gradients):
    """Yield the values of the parameters after each step, with a name and a number for each."""
    for step, arrays in enumerate(gradients):
        for parameter, array in zip(parameters, arrays, strict=True):
            parameter.grad = stage.Tensor(array)
        optimizer.step()
        for i, parameter in enumerate(parameters):
            name = f"parameter {i} after {step + 1} step{'s' if step else ''}"
            yield len(parameters) * step + i, name, parameter.numpy()


def tensors(stage, arrays):
    return [stage.nn.Parameter(array) for array in arrays]


def draw(rng, count):
    """Return the values of two parameters, and gradients for `count` steps."""
    shapes = (tuple(int(n) for n in rng.integers(2, 5, size=2)), (3,))
    starts = [rng.standard_normal(shape) * 2 for shape in shapes]
    return starts, [[rng.standard_normal(shape) for shape in shapes] for _ in range(count)]


@pytest.mark.points(3, part="optimisers")
@pytest.mark.parametrize("name", ["plain", "momentum", "weight decay"])
def test_sgd(stage, judge, rng, name):
    starts, gradients = draw(rng, 4)
    settings = {"lr": float(rng.uniform(0.05, 0.5))}
    if name != "plain":
        settings["momentum"] = float(rng.uniform(0.3, 0.9))
    if name == "weight decay":
        settings["weight_decay"] = float(rng.uniform(0.1, 0.5))
    parameters = tensors(stage, starts)
    optimizer = stage.optim.SGD(parameters, **settings)
    for i, which, value in steps(stage, optimizer, parameters, gradients):
        judge.close(which, value, want=lambda i=i: oracles.sgd(starts, gradients, **settings)[i])


@pytest.mark.points(4, part="optimisers")
@pytest.mark.parametrize("name", ["rate alone", "betas", "epsilon", "weight decay"])
def test_adam(stage, judge, rng, name):
    starts, gradients = draw(rng, 4)
    settings = {"lr": float(rng.uniform(0.05, 0.5))}
    if name == "betas":
        settings |= {"beta1": float(rng.uniform(0.3, 0.8)), "beta2": float(rng.uniform(0.4, 0.9))}
    if name == "epsilon":
        settings["eps"] = float(rng.uniform(0.1, 0.5))
    if name == "weight decay":
        settings["weight_decay"] = float(rng.uniform(0.1, 0.5))
    parameters = tensors(stage, starts)
    optimizer = stage.optim.Adam(parameters, **settings)
    for i, which, value in steps(stage, optimizer, parameters, gradients):
        judge.close(which, value, want=lambda i=i: oracles.adam(starts, gradients, **settings)[i])


@pytest.mark.points(1, part="optimisers")
def test_adamw(stage, judge, rng):
    starts, gradients = draw(rng, 4)
    lr, decay = (float(number) for number in rng.uniform(0.05, 0.5, 2))
    parameters = tensors(stage, starts)
    optimizer = stage.optim.AdamW(parameters, lr=lr, weight_decay=decay)
    for i, which, value in steps(stage, optimizer, parameters, gradients):
        judge.close(
            which, value, want=lambda i=i: oracles.adam(starts, gradients, lr, decay=decay)[i]
        )


@pytest.mark.points(1, part="optimisers")
def test_clip_grad_norm(stage, judge, rng):
    starts, (gradients,) = draw(rng, 1)
    bound = float(rng.uniform(0.1, 0.5))
    parameters = tensors(stage, starts)
    for parameter, array in zip(parameters, gradients, strict=True):
        parameter.grad = stage.Tensor(array)
    norm = stage.optim.clip_grad_norm(parameters, bound)
    judge.close("norm", norm, want=lambda: oracles.norm_of(gradients))
    judge.close(
        "gradients",
        [parameter.grad for parameter in parameters],
        want=lambda: [g * bound / (oracles.norm_of(gradients) + 1e-6) for g in gradients],
    )
