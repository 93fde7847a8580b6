"""Training frees each step's graph without the garbage collector, and nothing grows."""

import gc
import weakref

import numpy as np
import pytest

from needle_hw4 import Tensor, models, nn, optim

pytestmark = pytest.mark.usefixtures("global_generator")


def images(device):
    return np.linspace(-1, 1, 2 * 3 * 8 * 8, dtype="float32").reshape(2, 3, 8, 8)


def words(device):
    return np.arange(6).reshape(3, 2)


def convolutions(device):
    return nn.Sequential(
        nn.Conv(3, 4, 3, 2, device=device), nn.BatchNorm2d(4, device=device), nn.ReLU(),
        nn.MaxPool2d(2), nn.Residual(nn.Conv(4, 4, 3, device=device)), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.1), nn.Linear(4, 6, device=device),
    )  # fmt: skip


def language_model(kind, **options):
    return lambda device: models.LanguageModel(4, 6, 5, 2, kind, device=device, **options)


MODELS = {
    "convolutions": (convolutions, images),
    "rnn": (language_model("rnn"), words),
    "lstm": (language_model("lstm"), words),
    "transformer": (language_model("transformer", num_head=2, dim_head=3, dropout=0.1), words),
}
each = pytest.mark.parametrize("name", MODELS)


def steps(device, name, number, seen, *, create_graph=False):
    """Train, carrying states on, and hand weak references to what each step makes to `seen`."""
    make, data = MODELS[name]
    model = make(device)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    x = Tensor(data(device), device=device, requires_grad=False)
    h = None
    for _ in range(number):
        result = model(x) if name == "convolutions" else model(x, h)
        if name != "convolutions":
            result, h = result
            h = tuple(s.detach() for s in h) if isinstance(h, tuple) else h.detach()
        y = Tensor(np.arange(len(result)), device=device, requires_grad=False)
        loss = nn.SoftmaxLoss()(result, y)
        loss.backward(create_graph=create_graph)
        seen(weakref.ref(v) for v in (result, loss, *(p.grad for p in model.parameters())))
        optimizer.step()
        optimizer.reset_grad()
        yield


@pytest.mark.parametrize("create_graph", [False, True])
@each
def test_what_a_step_makes_dies_with_it(without_gc, device, name, create_graph):
    seen = []
    for _ in steps(device, name, 3, seen.extend, create_graph=create_graph):
        pass
    assert len(seen) > 20
    assert [reference() for reference in seen if reference() is not None] == []


def memory_in_use(device):
    return device.memory()["in_use"] if hasattr(device.kernels, "memory") else 0


@each
def test_training_does_not_grow(without_gc, device, name):
    training = steps(device, name, 80, lambda references: None)
    for _ in range(30):
        next(training)
    objects, used = len(gc.get_objects()), memory_in_use(device)
    for _ in range(49):
        next(training)
    assert memory_in_use(device) == used
    grown = len(gc.get_objects()) - objects
    assert grown < 25  # less than one object in two steps


@each
def test_modules_die_when_nobody_holds_them(without_gc, device, name):
    model = MODELS[name][0](device)
    repr(model)
    references = [weakref.ref(m) for m in nn.Module.modules(model)]
    references += [weakref.ref(p) for p in model.parameters()]
    del model
    assert [reference() for reference in references if reference() is not None] == []
