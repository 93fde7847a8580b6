"""Comparison with PyTorch: hw2's bounds and twins, and twins of hw4's modules."""

import importlib.util
from pathlib import Path

import pytest
import torch

from needle_hw4 import models, nn

ROOT = Path(__file__).parents[2]


def loaded(path):
    """Return the module in a file that stands in no package."""
    spec = importlib.util.spec_from_file_location(path.replace("/", "_"), ROOT / f"{path}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hw2, tests = loaded("hw2/parity/conftest"), loaded("hw4/tests/conftest")
pytest_default_devices, here = tests.pytest_default_devices, tests.here
near, compare, twin, parameters_of = hw2.near, hw2.compare, hw2.twin, hw2.parameters_of
to_torch, Residual = hw2.to_torch, hw2.Residual


def copied(made, module):
    """Give a module of PyTorch the parameters of ours, which stand in the same order."""
    with torch.no_grad():
        owners = {id(p): type(m) for m in made.modules() for p in m.parameters(recurse=False)}
        for theirs, mine in zip(made.parameters(), module.parameters(), strict=True):
            axes = hw2.OUR_AXES.get((owners[id(theirs)], theirs.ndim), range(theirs.ndim))
            order = [list(axes).index(axis) for axis in range(theirs.ndim)]
            array = mine.numpy()
            array = array.transpose(order) if array.ndim == theirs.ndim else array
            theirs.data = torch.tensor(array.reshape(theirs.shape))
    return made


def conv(module):
    sizes = module.in_channels, module.out_channels, module.kernel_size
    has_bias = module.bias is not None
    made = torch.nn.Conv2d(*sizes, module.stride, module.padding, module.dilation, module.groups,
                           bias=has_bias)  # fmt: skip
    return copied(made, module)


def batch_norm(module):
    made = torch.nn.BatchNorm2d(module.dim, eps=module.eps, momentum=module.momentum)
    made.running_mean = torch.tensor(module.running_mean.numpy())
    made.running_var = torch.tensor(module.running_var.numpy())
    return copied(made, module)


def recurrent(kind, **options):
    def make(module):
        cell = module.cells[0]
        if hasattr(cell, "nonlinearity"):
            options["nonlinearity"] = cell.nonlinearity
        has_bias = cell.bias_ih is not None
        sizes = cell.input_size, cell.hidden_size, len(module.cells)
        return copied(kind(*sizes, bias=has_bias, **options), module)

    return make


class Attention(torch.nn.Module):
    def __init__(self, module):
        super().__init__()
        self.heads, self.causal = module.num_head, module.attn.causal
        names = [f"prenorm_{which}" for which in "qkv"]
        self.norms = torch.nn.ModuleList(to_torch(getattr(module, name)) for name in names)
        names = [f"{which}_projection" for which in ("q", "k", "v", "out")]
        self.projections = torch.nn.ModuleList(to_torch(getattr(module, name)) for name in names)

    def forward(self, *inputs):
        inputs = inputs * 3 if len(inputs) == 1 else inputs
        parts = zip(self.projections, self.norms, inputs, strict=False)
        q, k, v = (p(n(x)).unflatten(-1, (self.heads, -1)).transpose(1, 2) for p, n, x in parts)
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.projections[3](y.transpose(1, 2).flatten(2))


class TransformerLayer(torch.nn.Module):
    def __init__(self, module):
        super().__init__()
        self.attention = Residual(Attention(module.attention))
        self.mlp = Residual(to_torch(module.mlp))

    def forward(self, x):
        return self.mlp(self.attention(x))


class Transformer(torch.nn.Module):
    def __init__(self, module):
        super().__init__()
        self.batch_first = module.batch_first
        self.positions = to_torch(module.positions)
        self.layers = torch.nn.Sequential(*map(to_torch, module.layers))

    def forward(self, x, h=None):
        x = x if self.batch_first else x.transpose(0, 1)
        y = self.layers(x + self.positions.weight[: x.shape[1]])
        y = y if self.batch_first else y.transpose(0, 1)
        return y, torch.zeros_like(y)


class LanguageModel(torch.nn.Module):
    def __init__(self, module):
        super().__init__()
        self.embedding, self.model = to_torch(module.embedding), to_torch(module.model)
        self.linear = to_torch(module.linear)

    def forward(self, x, h=None):
        y, h = self.model(self.embedding(x), h)
        return self.linear(y.flatten(0, 1)), h


def embedding(module):
    sizes = module.num_embeddings, module.embedding_dim
    return copied(torch.nn.Embedding(*sizes), module)


def pooling(kind):
    return lambda module: kind(module.kernel_size, module.stride, module.padding)


hw2.MADE_BY.update({
    nn.Conv: conv,
    nn.BatchNorm2d: batch_norm,
    nn.MaxPool2d: pooling(torch.nn.MaxPool2d),
    nn.AvgPool2d: pooling(torch.nn.AvgPool2d),
    nn.Embedding: embedding,
    nn.RNN: recurrent(torch.nn.RNN),
    nn.LSTM: recurrent(torch.nn.LSTM),
    nn.AttentionLayer: Attention,
    nn.TransformerLayer: TransformerLayer,
    nn.Transformer: Transformer,
    models.LanguageModel: LanguageModel,
    models.ResNet9: lambda module: to_torch(module.model),
})  # fmt: skip
hw2.OUR_AXES.update({
    (torch.nn.Conv2d, 4): (2, 3, 1, 0),
    (torch.nn.RNN, 2): (1, 0),
    (torch.nn.LSTM, 2): (1, 0),
})  # fmt: skip


@pytest.fixture
def compare_modules(near, rng, parameters_of):
    """Compare a module with its twin: results, and gradients of inputs and parameters."""

    def run(module, *arrays, length, call=lambda m, *x: m(*x), constant=()):
        """`call` returns a list of tensors; inputs at the places `constant` have no gradient."""
        theirs = to_torch(module)
        Tensor = hw2.Tensor
        mine = [Tensor(a, requires_grad=i not in constant) for i, a in enumerate(arrays)]
        yours = [torch.tensor(a, requires_grad=i not in constant) for i, a in enumerate(arrays)]
        found, expected = call(module, *mine), call(theirs, *yours)
        found, expected = ([y] if not isinstance(y, list) else y for y in (found, expected))
        total = expected_total = None
        for a, b in zip(found, expected, strict=True):
            near(a, b.detach(), length)
            cotangent = rng.standard_normal(a.shape).astype(a.dtype.name)
            part = (a * Tensor(cotangent, requires_grad=False)).sum()
            its = (b * torch.tensor(cotangent)).sum()
            total = part if total is None else total + part
            expected_total = its if expected_total is None else expected_total + its
        expected_total.backward()
        for create_graph in (True, False):
            total.backward(create_graph=create_graph)
            for position, (a, b) in enumerate(zip(mine, yours, strict=True)):
                if position not in constant:
                    near(a.grad, b.grad, length)
            grads = parameters_of(theirs, module, lambda p: p.grad)
            for p, grad in zip(module.parameters(), grads, strict=True):
                near(p.grad, grad, length)
        return theirs

    return run
