"""Question `topological_sort`: every value once, after all that it was made of."""

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


@pytest.mark.points(2, part="topological_sort")
@pytest.mark.parametrize(
    "links",
    [[[], [0], [1], [2]], [[], [], [0, 1], [], [3, 2]]],
    ids=["chain", "tree"],
)
def test_order(stage, judge, rng, links):
    nodes = graph(stage, rng, links)
    values = [node.numpy() for node in nodes]
    order = stage.autograd.find_topo_sort([nodes[-1]])
    judge.close(
        "values in order",
        [node.numpy() for node in order],
        want=lambda: [values[i] for i in post_order(links, [len(links) - 1])],
    )


@pytest.mark.points(2, part="topological_sort")
@pytest.mark.parametrize("size", [4, 12], ids=["small graph", "large graph"])
def test_order_of_values_used_again(stage, judge, rng, size):
    links = random_links(rng, 3, size)
    nodes = graph(stage, rng, links)
    values = [node.numpy() for node in nodes]
    order = stage.autograd.find_topo_sort([nodes[-1]])
    judge.close(
        "values in order",
        [node.numpy() for node in order],
        want=lambda: [values[i] for i in post_order(links, [len(links) - 1])],
    )
    places = {id(node): i for i, node in enumerate(nodes)}  # the tensors themselves, no copies
    judge.value(
        "tensors in order",
        [places.get(id(node), "a copy") for node in order],
        want=lambda: post_order(links, [len(links) - 1]),
    )


@pytest.mark.points(1, part="topological_sort")
def test_long_chain(stage, judge, rng):
    links = [[], *[[i] for i in range(3000)]]
    nodes = graph(stage, rng, links)
    values = [node.numpy() for node in nodes]
    order = stage.autograd.find_topo_sort([nodes[-1]])
    some = [order[i].numpy() for i in range(0, len(order), 500)]
    judge.close("every 500th value", some, want=lambda: values[::500], atol=0.0)
