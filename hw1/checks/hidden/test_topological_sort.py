"""Question `topological_sort`, hidden: several roots, and values that need no gradient."""

import pytest


def mix(stage):
    """Return an op that adds its inputs, times weights: no operator of the stage is needed."""

    class Mix(stage.TensorOp):
        def __init__(self, weights):
            self.weights = weights

        def compute(self, *arrays):
            return sum(weight * array for weight, array in zip(self.weights, arrays, strict=True))

    return Mix


def graph(stage, rng, links):
    """Return a value for each of `links`, made of those that it names; a leaf where it is empty."""
    op, nodes = mix(stage), []
    for inputs in links:
        if inputs:
            weights = rng.uniform(-1.0, 1.0, len(inputs))
            nodes.append(op(weights)(*[nodes[i] for i in inputs]))
        else:
            nodes.append(stage.Tensor(rng.standard_normal(2)))
    return nodes


def post_order(links, roots):
    order = []

    def visit(i):
        if i not in order:
            for j in links[i]:
                visit(j)
            if i not in order:
                order.append(i)

    for root in roots:
        visit(root)
    return order


def random_links(rng, leaves, size):
    """Return links of `leaves` leaves and `size` values, each made of one to three before it."""
    links = [[] for _ in range(leaves)]
    for _ in range(size):
        links.append(rng.integers(len(links), size=rng.integers(1, 4)).tolist())
    return [*links, list(range(len(links)))[:-4:-1]]


@pytest.mark.points(2, part="topological_sort", hidden=True)
@pytest.mark.parametrize("kind", ["several", "one below another", "repeated", "leaf"])
def test_roots(stage, judge, rng, kind):
    links = random_links(rng, 4, 10)
    nodes = graph(stage, rng, links)
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
        want=lambda: [values[i] for i in post_order(links, roots)],
    )


@pytest.mark.points(1, part="topological_sort", hidden=True)
def test_constants(stage, judge, rng):
    x, y = rng.standard_normal(3), rng.standard_normal(3)
    weights = rng.uniform(0.5, 2.0, 2)
    leaf, constant = stage.Tensor(x), stage.Tensor(y, requires_grad=False)
    op = mix(stage)(weights)
    root = op(op(constant, leaf), constant)
    order = stage.autograd.find_topo_sort([root])
    inner = weights[0] * y + weights[1] * x
    judge.close(
        "values in order",
        [node.numpy() for node in order],
        want=lambda: [y, x, inner, weights[0] * inner + weights[1] * y],
    )
