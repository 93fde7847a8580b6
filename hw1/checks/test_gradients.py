"""Question `gradients`: reverse-mode differentiation of a graph."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def graph(stage, rng, leaves, size):
    """Return the values of a random graph, and how each was made of those before it."""
    nodes = [stage.Tensor(rng.uniform(0.5, 1.5, 3)) for _ in range(leaves)]
    made = [None] * leaves
    for _ in range(size):
        i, j, a, b = *rng.integers(len(nodes), size=2).tolist(), *rng.uniform(0.2, 0.8, 2)
        if len(nodes) % 2:
            nodes.append(helpers.product(stage)()(nodes[i], nodes[j]))
            made.append((i, j))
        else:
            nodes.append(helpers.mix(stage)(a, b)(nodes[i], nodes[j]))
            made.append((i, j, a, b))
    every = tuple(range(len(nodes)))
    nodes.append(helpers.mix(stage)(*[0.5] * len(nodes))(*nodes))
    return nodes, [*made, every]


def oracle(made, values, out_grad):
    """Return the gradient of every value of `graph`."""
    grads = [np.zeros(3) for _ in values]
    grads[-1] = out_grad
    for i in made[-1]:
        grads[i] = 0.5 * out_grad
    for k in reversed(range(len(made) - 1)):
        if made[k] is not None:
            i, j, *weights = made[k]
            a, b = weights or (values[j], values[i])
            grads[i] = grads[i] + a * grads[k]
            grads[j] = grads[j] + b * grads[k]
    return grads


@pytest.mark.points(2, part="gradients")
def test_chain(stage, judge, rng):
    x, g, weights = rng.standard_normal(4), rng.standard_normal(4), rng.uniform(0.5, 2.0, 3)
    leaf = stage.Tensor(x)
    value = leaf
    for weight in weights:
        value = helpers.mix(stage)(weight)(value)
    stage.autograd.compute_gradient_of_variables(value, stage.Tensor(g))
    judge.close("gradient", leaf.grad, want=lambda: g * np.prod(weights))


@pytest.mark.points(1, part="gradients")
def test_two_inputs(stage, judge, rng):
    x, y, g = (rng.standard_normal((2, 3)) for _ in range(3))
    a, b = stage.Tensor(x), stage.Tensor(y)
    stage.autograd.compute_gradient_of_variables(helpers.product(stage)()(a, b), stage.Tensor(g))
    judge.close("gradients", [a.grad, b.grad], want=lambda: [g * y, g * x])


@pytest.mark.points(2, part="gradients")
@pytest.mark.parametrize("kind", ["same input twice", "two paths"])
def test_sum_over_uses(stage, judge, rng, kind):
    x, g, (a, b, c) = rng.standard_normal(5), rng.standard_normal(5), rng.uniform(0.5, 2.0, 3)
    leaf, op = stage.Tensor(x), helpers.mix(stage)
    if kind == "same input twice":
        value = op(a, b)(leaf, leaf)
    else:
        inner = op(c)(leaf)
        value = op(a, b)(inner, leaf)
    stage.autograd.compute_gradient_of_variables(value, stage.Tensor(g))
    factor = a + b if kind == "same input twice" else a * c + b
    judge.close("gradient", leaf.grad, want=lambda: g * factor)


@pytest.mark.points(2, part="gradients")
@pytest.mark.parametrize("size", [4, 12], ids=["small", "large"])
def test_random_graph(stage, judge, rng, size):
    nodes, made = graph(stage, rng, 3, size)
    values, g = [node.numpy() for node in nodes], rng.standard_normal(3)
    stage.autograd.compute_gradient_of_variables(nodes[-1], stage.Tensor(g))
    judge.close(
        "gradients", [leaf.grad for leaf in nodes[:3]], want=lambda: oracle(made, values, g)[:3]
    )


@pytest.mark.points(1, part="gradients")
def test_previous_gradient_is_replaced(stage, judge, rng):
    x, g, (a, b) = rng.standard_normal(4), rng.standard_normal(4), rng.uniform(0.5, 2.0, 2)
    leaf = stage.Tensor(x)
    for weight in (a, b):
        value = helpers.mix(stage)(weight)(leaf)
        stage.autograd.compute_gradient_of_variables(value, stage.Tensor(g))
    judge.close("gradient", leaf.grad, want=lambda: g * b)


@pytest.mark.points(1, part="gradients")
def test_long_chain(stage, judge, rng):
    x, g = rng.standard_normal(2), rng.standard_normal(2)
    weights = rng.uniform(0.9, 1.1, 3000)
    leaf = stage.Tensor(x)
    value, op = leaf, helpers.mix(stage)
    for weight in weights:
        value = op(weight)(value)
    stage.autograd.compute_gradient_of_variables(value, stage.Tensor(g))
    judge.close("gradient", leaf.grad, want=lambda: g * np.prod(weights), atol=0.0)


@pytest.mark.points(1, part="gradients")
def test_vector_jacobian_product(stage, judge, rng):
    x, y, g = (rng.standard_normal(4) for _ in range(3))
    a, b = stage.Tensor(x), stage.Tensor(y)
    output = helpers.mix(stage)(2.0, 3.0)(helpers.product(stage)()(a, b), a)
    grads = stage.autograd.vector_jacobian_product(output, [a, b], stage.Tensor(g))
    judge.close("gradients", grads, want=lambda: [g * (2 * y + 3), g * 2 * x])
