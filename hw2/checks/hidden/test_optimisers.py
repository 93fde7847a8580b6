"""Question `optimisers`: damping, absent gradients, float32, what stays as it is."""

import numpy as np
import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


def sgd(start, gradients, lr, momentum, dampening, nesterov):
    """The velocity starts from the first gradient."""
    point, velocity, values = start, None, []
    for g in gradients:
        velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
        point = point - lr * (g + momentum * velocity if nesterov else velocity)
        values.append(point)
    return values


@pytest.mark.points(1, part="optimisers", hidden=True)
@pytest.mark.parametrize(
    "nesterov", [pytest.param(False, id="damped"), pytest.param(True, id="Nesterov")]
)
def test_sgd_from_the_first_gradient(stage, judge, rng, nesterov):
    start, *gradients = rng.standard_normal((5, 3, 4))
    lr, momentum = (float(number) for number in rng.uniform(0.2, 0.9, 2))
    dampening = 0.0 if nesterov else float(rng.uniform(0.2, 0.8))
    parameter = stage.nn.Parameter(start)
    optimizer = stage.optim.SGD([parameter], lr, momentum, dampening=dampening, nesterov=nesterov)
    for i, g in enumerate(gradients):
        parameter.grad = stage.Tensor(g)
        optimizer.step()
        judge.close(
            f"parameter after step {i + 1}",
            parameter,
            want=lambda i=i: sgd(start, gradients, lr, momentum, dampening, nesterov)[i],
        )


@pytest.mark.points(1, part="optimisers", hidden=True)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_parameters_without_a_gradient(stage, judge, rng, name):
    starts, gradients = rng.standard_normal((2, 3)), rng.standard_normal((6, 3))
    parameters = [stage.nn.Parameter(start) for start in starts]
    optimizer = getattr(stage.optim, name)(
        parameters, lr=0.3, **({"momentum": 0.8} if name == "SGD" else {})
    )
    for number, g in enumerate(gradients):
        optimizer.reset_grad()
        parameters[number % 3 != 0].grad = stage.Tensor(g)
        optimizer.step()
        for i, parameter in enumerate(parameters):
            judge.close(
                f"parameter {i} after step {number + 1}",
                parameter,
                want=lambda i=2 * number + i: interleaved(name, starts, gradients)[i],
            )


def alone(name, start, gradients, **settings):
    """Return the values of one parameter after each step."""
    rule = oracles.adam if name == "Adam" else oracles.sgd
    return rule([start], [[g] for g in gradients], **settings)


def interleaved(name, starts, gradients):
    """Return the values of both parameters, of which each step moves one."""
    momentum = {"momentum": 0.8} if name == "SGD" else {}
    parts = gradients[0::3], [g for i, g in enumerate(gradients) if i % 3]
    moves = [
        iter(alone(name, start, part, lr=0.3, **momentum))
        for start, part in zip(starts, parts, strict=True)
    ]
    points, values = list(starts), []
    for number in range(len(gradients)):
        which = int(number % 3 != 0)
        points[which] = next(moves[which])
        values += points[:]
    return values


@pytest.mark.points(1, part="optimisers", hidden=True)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_numbers_of_float32_and_old_values(stage, judge, rng, name):
    start, g = rng.standard_normal((2, 4)).astype("float32")
    number, slope = (np.float32(x) for x in rng.uniform(1, 2, 2))
    parameters = [stage.nn.Parameter(start), stage.nn.Parameter(number)]
    before = parameters[0].data
    grads = [stage.Tensor(g), stage.Tensor(slope)]
    optimizer = getattr(stage.optim, name)(parameters, lr=0.25, weight_decay=0.5)
    for _ in range(2):
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter.grad = grad
        optimizer.step()
    judge.close("a vector", parameters[0], want=lambda: moved(name, start, g))
    judge.close("a number", parameters[1], want=lambda: moved(name, number, slope))
    dtypes = [parameter.numpy().dtype.name for parameter in parameters]
    judge.value("dtypes", dtypes, want=lambda: ["float32"] * 2)
    judge.close("the data of before", before, want=lambda: start)
    judge.close("the gradients", grads, want=lambda: [g, slope])


def moved(name, start, g):
    gradients = [np.asarray(g, "float64")] * 2
    return alone(name, start, gradients, lr=0.25, weight_decay=0.5)[-1].astype("float32")


@pytest.mark.points(1, part="optimisers", hidden=True)
def test_clip_grad_norm_where_it_is_small_or_absent(stage, judge, rng):
    arrays = [rng.standard_normal(shape) for shape in ((2, 3), (), (4,))]
    parameters = [stage.nn.Parameter(array) for array in arrays]
    for parameter, array in zip(parameters[:2], arrays[:2], strict=True):
        parameter.grad = stage.Tensor(array * 3)
    # A bound that is a little larger: nothing grows up to it.
    bound = float(4 * np.linalg.norm([np.linalg.norm(array) for array in arrays[:2]]))
    norm = stage.optim.clip_grad_norm(parameters, bound)
    judge.close("norm", norm, want=lambda: oracles.norm_of(arrays[:2]) * 3)
    judge.close(
        "not clipped",
        [parameter.grad for parameter in parameters[:2]],
        want=lambda: [array * 3 for array in arrays[:2]],
    )
    again = stage.optim.SGD(parameters, lr=0.1).clip_grad_norm(0.25)
    judge.close("norm before clipping", again, want=lambda: oracles.norm_of(arrays[:2]) * 3)
    judge.close(
        "clipped",
        [parameter.grad for parameter in parameters[:2]],
        want=lambda: [a * 3 * 0.25 / (oracles.norm_of(arrays[:2]) * 3 + 1e-6) for a in arrays[:2]],
    )
