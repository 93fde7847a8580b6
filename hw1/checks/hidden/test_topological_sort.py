"""Question `topological_sort`, hidden: several roots, and values that need no gradient."""

import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(2, part="topological_sort", hidden=True)
@pytest.mark.parametrize("kind", ["several", "one below another", "repeated", "leaf"])
def test_roots(stage, judge, rng, kind):
    links = helpers.random_links(rng, 4, 10)
    nodes = helpers.linked(stage, rng, links)
    last = len(links) - 1
    inner = links[last][1]
    roots = {
        "several": [last - 2, last - 1, last],
        "one below another": [last, inner],
        "repeated": [inner, last, inner],
        "leaf": [0, last],
    }[kind]
    values = [node.numpy() for node in nodes]
    order = stage.autograd.find_topo_sort([nodes[i] for i in roots])
    judge.close(
        "values in order",
        [node.numpy() for node in order],
        want=lambda: [values[i] for i in oracles.post_order(links, roots)],
    )


@pytest.mark.points(1, part="topological_sort", hidden=True)
def test_constants(stage, judge, rng):
    x, y = rng.standard_normal(3), rng.standard_normal(3)
    weights = rng.uniform(0.5, 2.0, 2)
    leaf, constant = stage.Tensor(x), stage.Tensor(y, requires_grad=False)
    op = helpers.mix(stage)(*weights)
    root = op(op(constant, leaf), constant)
    order = stage.autograd.find_topo_sort([root])
    inner = weights[0] * y + weights[1] * x
    judge.close(
        "values in order",
        [node.numpy() for node in order],
        want=lambda: [y, x, inner, weights[0] * inner + weights[1] * y],
    )
