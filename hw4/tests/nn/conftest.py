"""Fixtures of the tests of modules."""

import numpy as np
import pytest

from needle_hw4 import Tensor, nn


class Read(nn.Module):
    """A module whose result is turned into one tensor by a function."""

    def __init__(self, module, read):
        super().__init__()
        self.module = module
        self.read = read

    def forward(self, *inputs):
        return self.read(self.module(*inputs))


@pytest.fixture
def read():
    """Return the class of a module that reads one tensor out of what another returns."""
    return Read


@pytest.fixture
def leaf(rng, device):
    """Return a function that draws a leaf of a shape."""
    return lambda *shape, dtype="float64": Tensor(
        rng.standard_normal(shape).astype(dtype), device=device
    )


@pytest.fixture
def randomized(rng):
    """Give a module other parameters and buffers than it was made with; return it."""

    def fill(module):
        state = module.state_dict()
        module.load_state_dict({name: rng.uniform(0.2, 1.2, x.shape) for name, x in state.items()})
        return module

    return fill


@pytest.fixture
def all_gradients():
    """Return a function that returns the gradients of leaves, asked for in both ways.

    They must be equal but for rounding.
    """

    def run(result, cotangent, leaves):
        found = []
        for create_graph in (True, False):
            result.backward(cotangent, create_graph=create_graph)
            found.append([leaf.grad.numpy() for leaf in leaves])
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
        return found[0]

    return run
