"""Comparison with PyTorch: the same arrays in, values and gradients out, within derived bounds."""

import numpy as np
import pytest
import torch

from needle_hw2 import Tensor, nn
from needle_shared.testing.asserts import as_numpy


class Residual(torch.nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x) + x


class Dropout(torch.nn.Module):
    """Dropout by our rule, with its mask from NumPy's global generator."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = np.asarray(np.random.rand(*x.shape) <= 1 - self.p)
        return x * torch.tensor(mask, dtype=x.dtype) / (1 - self.p)


def linear(module):
    made = torch.nn.Linear(module.in_features, module.out_features, module.bias is not None)
    values = {"weight": module.weight.numpy().T}
    if module.bias is not None:
        values["bias"] = module.bias.numpy().reshape(-1)
    return filled(made, module, values)


def batch_norm(module):
    made = torch.nn.BatchNorm1d(module.dim, eps=module.eps, momentum=module.momentum)
    return filled(made, module, {k: v.numpy() for k, v in module.state_dict().items()})


def layer_norm(module):
    made = torch.nn.LayerNorm(module.dim, eps=module.eps)
    return filled(made, module, {k: v.numpy() for k, v in module.state_dict().items()})


def filled(made, module, values):
    dtype = {"float32": torch.float32, "float64": torch.float64}[module.weight.dtype.name]
    made.to(dtype).load_state_dict(
        {name: torch.tensor(np.array(value)) for name, value in values.items()}, strict=False
    )
    return made


MADE_BY = {
    nn.Linear: linear,
    nn.BatchNorm1d: batch_norm,
    nn.LayerNorm1d: layer_norm,
    nn.ReLU: lambda module: torch.nn.ReLU(),
    nn.Tanh: lambda module: torch.nn.Tanh(),
    nn.Sigmoid: lambda module: torch.nn.Sigmoid(),
    nn.Identity: lambda module: torch.nn.Identity(),
    nn.Flatten: lambda module: torch.nn.Flatten(),
    nn.Dropout: lambda module: Dropout(module.p),
    nn.Residual: lambda module: Residual(to_torch(module.fn)),
    nn.Sequential: lambda module: torch.nn.Sequential(*map(to_torch, module)),
}


# By the kind of module that has a parameter, and its number of axes: the order of axes in ours.
OUR_AXES = {(torch.nn.Linear, 2): (1, 0)}


def to_torch(module):
    return MADE_BY[type(module)](module).train(module.training)


@pytest.fixture
def twin():
    """Return a function that makes PyTorch's module of ours: the same tree, values and mode."""
    return to_torch


@pytest.fixture
def parameters_of():
    """Return a function from a twin's tensors, or their gradients, to arrays of our shapes."""

    def convert(theirs, ours, values):
        owners = {id(p): type(m) for m in theirs.modules() for p in m.parameters(recurse=False)}
        for parameter, mine in zip(theirs.parameters(), ours.parameters(), strict=True):
            array = values(parameter).detach().numpy()
            axes = OUR_AXES.get((owners[id(parameter)], array.ndim), range(array.ndim))
            yield array.transpose(*axes).reshape(mine.shape)

    return convert


@pytest.fixture
def near():
    r"""Assert equal shapes and dtypes, and values within the rounding of sums of `length` terms.

    Two sums of n terms of size s, each rounded by at most u/2 = 2^-24 (float32) in every addition,
    differ by at most n s u; the functions before and after it add a few roundings: 8 are allowed
    for each term. s is the largest element, or 1 if that is more: the data has that size. For
    float64, where this would be 10^-15 n s, the bound is 10^-12 s whatever n.
    """

    def check(found, expected, length=1):
        found, expected = as_numpy(found), as_numpy(expected)
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        infinite = ~np.isfinite(expected)
        np.testing.assert_array_equal(found[infinite], expected[infinite])
        size = max(np.abs(expected[~infinite]).max(initial=0.0), 1.0)
        share = 1e-12 if found.dtype == np.float64 else 8 * max(length, 1) * 2.0**-24
        error = np.abs(found[~infinite].astype("float64") - expected[~infinite])
        assert error.max(initial=0.0) <= share * size, f"{error.max() / size:.3g} > {share:.3g}"

    return check


@pytest.fixture
def compare(near, rng):
    """Compare value and gradients of two functions of the same arrays, for one cotangent."""

    def run(ours, theirs, *arrays, length=1):
        mine = [Tensor(array) for array in arrays]
        yours = [torch.tensor(np.array(array), requires_grad=True) for array in arrays]
        found, expected = ours(*mine), theirs(*yours)
        near(found, expected.detach(), length)
        cotangent = np.asarray(rng.standard_normal(found.shape), found.dtype.name)
        expected.backward(torch.tensor(cotangent))
        for create_graph in (True, False):
            found.backward(Tensor(cotangent), create_graph=create_graph)
            for a, b in zip(mine, yours, strict=True):
                near(a.grad, b.grad, length)

    return run
