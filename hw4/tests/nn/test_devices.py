"""hw2's modules and optimisers train on hw3's devices as they do on NumPy's arrays."""

import numpy as np
import pytest

import needle_hw1
import needle_hw4 as ndl
from needle_hw2.apps.mlp_resnet import MLPResNet
from needle_hw4 import Tensor, nn, optim

pytestmark = pytest.mark.usefixtures("global_generator")
STEPS = 5

MODULES = {
    # the module, and what it is the last part of
    "Linear": lambda: nn.Linear(4, 3),
    "Linear no bias": lambda: nn.Linear(4, 3, bias=False),
    "ReLU": lambda: nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)),
    "Sigmoid": lambda: nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 3)),
    "Tanh": lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)),
    "Identity": lambda: nn.Sequential(nn.Identity(), nn.Linear(4, 3)),
    "Flatten": lambda: nn.Sequential(nn.Flatten(), nn.Linear(4, 3)),
    "Dropout": lambda: nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.3), nn.Linear(6, 3)),
    "BatchNorm1d": lambda: nn.Sequential(nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(),
                                         nn.Linear(6, 3)),
    "LayerNorm1d": lambda: nn.Sequential(nn.Linear(4, 6), nn.LayerNorm1d(6), nn.Linear(6, 3)),
    "Residual": lambda: nn.Sequential(nn.Residual(nn.Linear(4, 4)), nn.Linear(4, 3)),
    "MLPResNet": lambda: MLPResNet(4, 6, 2, 3, nn.LayerNorm1d, 0.1),
}  # fmt: skip

LOSSES = {
    "SoftmaxLoss": (nn.SoftmaxLoss, lambda r: r.integers(3, size=8)),
    "SoftmaxLoss smoothed": (lambda: nn.SoftmaxLoss(0.2), lambda r: r.integers(3, size=8)),
    "MSELoss": (nn.MSELoss, lambda r: r.standard_normal((8, 3)).astype("float32")),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss,
                          lambda r: r.random((8, 3)).astype("float32")),
}  # fmt: skip

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD decay": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "SGD nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.05, eps=1e-3, weight_decay=0.1),
    "AdamW": lambda p: optim.AdamW(p, lr=0.05, eps=1e-3),
    "clipped norm": lambda p: optim.SGD(p, lr=0.1),
    "clipped values": lambda p: optim.SGD(p, lr=0.1),
    "cosine": lambda p: optim.SGD(p, lr=0.1),
}


def train(device, module, loss, optimizer, seed):
    """Return losses, weights and buffers of some steps on a device."""
    rng = np.random.default_rng(seed)
    with ndl.use_device(device):
        np.random.seed(1)
        model = MODULES[module]()
        make_loss, targets = LOSSES[loss]
        stepper = OPTIMIZERS[optimizer](model.parameters())
        schedule = optim.CosineLR(stepper, STEPS) if optimizer == "cosine" else None
        values = []
        for _ in range(STEPS):
            x = Tensor(rng.standard_normal((8, 4)).astype("float32"))
            result = make_loss()(model(x), Tensor(targets(rng), requires_grad=False))
            stepper.reset_grad()
            result.backward(create_graph=False)
            if optimizer == "clipped norm":
                values.append(float(optim.clip_grad_norm(model.parameters(), 0.05)))
            if optimizer == "clipped values":
                optim.clip_grad_value(model.parameters(), 0.01)
            stepper.step()
            if schedule:
                schedule.step()
            values.append(result.item())
        state = model.state_dict()
        assert all(tensor.device == device for tensor in state.values())
        assert all(tensor.dtype == "float32" for tensor in state.values())
        evaluated = model.eval()(x)
    return [np.array(values), evaluated.numpy(), *(tensor.numpy() for tensor in state.values())]


def compare(device, *names):
    found, expected = (train(home, *names, 0) for home in (device, needle_hw1.cpu()))
    for a, b in zip(found, expected, strict=True):
        # Five steps: some hundred roundings of numbers near 1, each of 6e-8.
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("module", MODULES)
def test_module_trains_as_on_numpy(device, module):
    compare(device, module, "SoftmaxLoss", "SGD decay")


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_trains_as_on_numpy(device, loss):
    compare(device, "Tanh", loss, "SGD")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizer_trains_as_on_numpy(device, optimizer):
    compare(device, "LayerNorm1d", "SoftmaxLoss", optimizer)


def test_every_module_loss_and_optimizer_of_hw2_is_tried():
    from needle_hw2 import nn as nn_of_hw2
    from needle_hw2 import optim as optim_of_hw2

    tried = {name.split()[0] for name in [*MODULES, *LOSSES]}
    made = {name for name, value in vars(nn_of_hw2).items()
            if isinstance(value, type) and issubclass(value, nn.Module)}  # fmt: skip
    assert made - {"Module", "ModuleList", "Sequential"} <= tried
    steppers = {name for name, value in vars(optim_of_hw2).items()
                if isinstance(value, type) and issubclass(value, optim.Optimizer)}  # fmt: skip
    assert steppers - {"Optimizer"} <= {name.split()[0] for name in OPTIMIZERS}
