"""Question `topological_sort`: every value once, after all that it was made of."""

import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(2, part="topological_sort")
@pytest.mark.parametrize(
    "links",
    [[[], [0], [1], [2]], [[], [], [0, 1], [], [3, 2]]],
    ids=["chain", "tree"],
)
def test_order(stage, judge, rng, links):
    nodes = helpers.linked(stage, rng, links)
    values = [node.numpy() for node in nodes]
    order = stage.autograd.find_topo_sort([nodes[-1]])
    judge.close(
        "values in order",
        [node.numpy() for node in order],
        want=lambda: [values[i] for i in oracles.post_order(links, [len(links) - 1])],
    )


@pytest.mark.points(2, part="topological_sort")
@pytest.mark.parametrize("size", [4, 12], ids=["small graph", "large graph"])
def test_order_of_values_used_again(stage, judge, rng, size):
    links = helpers.random_links(rng, 3, size)
    nodes = helpers.linked(stage, rng, links)
    values = [node.numpy() for node in nodes]
    order = stage.autograd.find_topo_sort([nodes[-1]])
    judge.close(
        "values in order",
        [node.numpy() for node in order],
        want=lambda: [values[i] for i in oracles.post_order(links, [len(links) - 1])],
    )
    places = {id(node): i for i, node in enumerate(nodes)}  # the tensors themselves, no copies
    judge.value(
        "tensors in order",
        [places.get(id(node), "a copy") for node in order],
        want=lambda: oracles.post_order(links, [len(links) - 1]),
    )


@pytest.mark.points(1, part="topological_sort")
def test_long_chain(stage, judge, rng):
    links = [[], *[[i] for i in range(3000)]]
    nodes = helpers.linked(stage, rng, links)
    values = [node.numpy() for node in nodes]
    order = stage.autograd.find_topo_sort([nodes[-1]])
    some = [order[i].numpy() for i in range(0, len(order), 500)]
    judge.close("every 500th value", some, want=lambda: values[::500], atol=0.0)
