"""MLPResNet as a whole: five steps with Adam beside PyTorch, from the same weights."""

import numpy as np
import pytest
import torch

from needle_hw2 import Tensor, nn, optim
from needle_hw2.apps.mlp_resnet import MLPResNet

pytestmark = pytest.mark.usefixtures("global_generator")
STEPS = 5
CLASSES = 4


def as_dtype(model, dtype):
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.cached_data = tensor.numpy().astype(dtype)
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm1d])
@pytest.mark.parametrize("drop_prob", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_five_steps_with_adam(
    near, rng, twin, parameters_of, norm, drop_prob, weight_decay, smoothing, dtype
):
    # eps: a bias in front of batch norm has a gradient of 0 but for rounding, and Adam divides it
    # by its own size plus eps. With 1e-8, that would be a step of noise.
    settings = {"lr": 0.01, "eps": 1e-3, "weight_decay": weight_decay}
    np.random.seed(1)
    ours = as_dtype(MLPResNet(12, 16, 2, CLASSES, norm, drop_prob), dtype)
    theirs = twin(ours)
    mine = optim.Adam(ours.parameters(), **settings)
    yours = torch.optim.Adam(theirs.parameters(), **settings)
    loss_function = nn.SoftmaxLoss(smoothing)
    # Sums over 30 rows; the noise of five steps stays below that of the last one.
    length = 30
    for step in range(STEPS):
        x = rng.standard_normal((30, 12)).astype(dtype)
        y = rng.integers(CLASSES, size=30)
        np.random.seed(step)
        loss = loss_function(ours(Tensor(x)), Tensor(y))
        np.random.seed(step)
        expected = torch.nn.functional.cross_entropy(
            theirs(torch.tensor(x)), torch.tensor(y), label_smoothing=smoothing
        )
        near(loss, expected.detach(), length)
        mine.reset_grad()
        loss.backward(create_graph=False)
        mine.step()
        yours.zero_grad()
        expected.backward()
        yours.step()
        weights = parameters_of(theirs, ours, lambda p: p)
        for p, weight in zip(ours.parameters(), weights, strict=True):
            near(p, weight, length)
    ours.eval()
    theirs.eval()
    for module, other in zip(nn.Module.modules(ours), theirs.modules(), strict=True):
        if isinstance(module, nn.BatchNorm1d):
            near(module.running_mean, other.running_mean, length)
            other.running_var.copy_(torch.tensor(module.running_var.numpy()))
    x = rng.standard_normal((7, 12)).astype(dtype)
    near(ours(Tensor(x)), theirs(torch.tensor(x)).detach(), length)
