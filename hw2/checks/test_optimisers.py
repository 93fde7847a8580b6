"""Question `optimisers`: the steps of SGD and Adam, and clipping by the norm."""

import numpy as np
import pytest


def steps(stage, optimizer, parameters, gradients):
    """Return the values of the parameters after each step."""
    values = []
    for arrays in gradients:
        for parameter, array in zip(parameters, arrays, strict=True):
            parameter.grad = stage.Tensor(array)
        optimizer.step()
        values += [parameter.numpy() for parameter in parameters]
    return values


def tensors(stage, arrays):
    return [stage.nn.Parameter(array) for array in arrays]


def sgd(starts, gradients, lr, momentum=0.0, weight_decay=0.0):
    points, velocities, values = list(starts), [0.0 * start for start in starts], []
    for arrays in gradients:
        for i, g in enumerate(arrays):
            decayed = g + weight_decay * points[i]
            velocities[i] = momentum * velocities[i] + (1 - momentum) * decayed
            points[i] = points[i] - lr * velocities[i]
            values.append(points[i])
    return values


def adam(starts, gradients, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decay=0.0):
    points, values = list(starts), []
    m, v = ([0.0 * start for start in starts] for _ in range(2))
    for t, arrays in enumerate(gradients, start=1):
        for i, g in enumerate(arrays):
            decayed = g + weight_decay * points[i]
            m[i] = beta1 * m[i] + (1 - beta1) * decayed
            v[i] = beta2 * v[i] + (1 - beta2) * decayed**2
            ratio = (m[i] / (1 - beta1**t)) / (np.sqrt(v[i] / (1 - beta2**t)) + eps)
            points[i] = points[i] - lr * decay * points[i] - lr * ratio
            values.append(points[i])
    return values


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
    values = steps(stage, stage.optim.SGD(parameters, **settings), parameters, gradients)
    judge.close("values", values, want=lambda: sgd(starts, gradients, **settings))


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
    values = steps(stage, stage.optim.Adam(parameters, **settings), parameters, gradients)
    judge.close("values", values, want=lambda: adam(starts, gradients, **settings))


@pytest.mark.points(1, part="optimisers")
def test_adamw(stage, judge, rng):
    starts, gradients = draw(rng, 4)
    lr, decay = (float(number) for number in rng.uniform(0.05, 0.5, 2))
    parameters = tensors(stage, starts)
    optimizer = stage.optim.AdamW(parameters, lr=lr, weight_decay=decay)
    values = steps(stage, optimizer, parameters, gradients)
    judge.close("values", values, want=lambda: adam(starts, gradients, lr, decay=decay))


@pytest.mark.points(1, part="optimisers")
def test_clip_grad_norm(stage, judge, rng):
    starts, (gradients,) = draw(rng, 1)
    bound = float(rng.uniform(0.1, 0.5))
    parameters = tensors(stage, starts)
    for parameter, array in zip(parameters, gradients, strict=True):
        parameter.grad = stage.Tensor(array)
    norm = stage.optim.clip_grad_norm(parameters, bound)
    judge.close("norm", norm, want=lambda: norm_of(gradients))
    judge.close(
        "gradients",
        [parameter.grad for parameter in parameters],
        want=lambda: [g * bound / (norm_of(gradients) + 1e-6) for g in gradients],
    )


def norm_of(arrays):
    return np.sqrt(sum(np.sum(array**2) for array in arrays))
