"""Training frees each step's graph without the garbage collector, and nothing grows."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import needle_hw2 as ndl
from needle_hw2 import Tensor, nn


def model_and_loss():
    model = nn.Sequential(
        nn.Linear(4, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Residual(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm1d(8), nn.Tanh())),
        nn.Linear(8, 3),
    )
    return model, nn.SoftmaxLoss(0.1)


def steps(number, seen, *, create_graph=False):
    """Train, and add weak references to what each step makes to `seen`."""
    model, loss_function = model_and_loss()
    x = Tensor(np.linspace(0, 1, 24, dtype="float32").reshape(6, 4), requires_grad=False)
    y = Tensor(np.array([0, 1, 2, 0, 1, 2]), requires_grad=False)
    for _ in range(number):
        hidden = model[1](model[0](x))
        logits = model(x)
        loss = loss_function(logits, y) + ndl.mean(hidden)
        loss.backward(create_graph=create_graph)
        seen += [weakref.ref(v) for v in (hidden, logits, loss)]
        for p in model.parameters():
            seen.append(weakref.ref(p.grad))
            p.data = p.data - 1e-3 * p.grad.data
        model.zero_grad()
        yield model


class Forgets(list):
    """A list that keeps nothing."""

    def append(self, item):
        pass

    def __iadd__(self, other):
        return self


@pytest.fixture(params=["eager", "lazy"])
def mode(request):
    if request.param == "eager":
        yield
    else:
        with ndl.lazy():
            yield


@pytest.mark.parametrize("create_graph", [False, True])
def test_what_a_step_makes_dies_with_it(without_gc, global_generator, mode, create_graph):
    seen = []
    for _ in steps(4, seen, create_graph=create_graph):
        pass
    assert len(seen) > 40
    assert [reference() for reference in seen if reference() is not None] == []


def test_running_statistics_do_not_hold_the_graph(without_gc, mode):
    layer = nn.BatchNorm1d(3)
    x = Tensor(np.arange(12.0).reshape(4, 3))
    y = layer(x * 1.0)
    y.realize_cached_data()
    references = [weakref.ref(y), weakref.ref(y.op), *map(weakref.ref, y.inputs[:1])]
    del y
    assert [reference() for reference in references if reference() is not None] == []
    for buffer in layer.buffers():
        assert buffer.is_leaf()
        assert not buffer.requires_grad


def test_thousand_steps_do_not_grow(without_gc, global_generator):
    training = steps(1_000, Forgets())
    for _ in range(300):
        next(training)
    objects = len(gc.get_objects())
    for _ in range(500):
        next(training)
    tracemalloc.start()
    try:
        for _ in range(50):  # what was made before and is made anew is counted from now
            next(training)
        before = tracemalloc.get_traced_memory()[0]
        assert sum(1 for _ in training) == 150
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 10_000  # bytes: less than one tensor in ten steps
    assert len(gc.get_objects()) - objects < 100


def test_evaluation_without_grad_keeps_nothing(without_gc):
    model, loss_function = model_and_loss()
    model.eval()
    x, y = Tensor(np.ones((6, 4), "float32")), Tensor(np.zeros(6))
    with ndl.no_grad():
        loss = loss_function(model(x), y)
    assert loss.is_leaf()
    assert not loss.requires_grad
    reference = weakref.ref(loss)
    del loss
    assert reference() is None


def test_modules_die_when_nobody_holds_them(without_gc):
    model, _ = model_and_loss()
    model.modules()  # the tuple that is also a method knows its owner
    repr(model)
    nn.summary(model, (6, 4))
    references = [weakref.ref(m) for m in model.modules()]
    references += [weakref.ref(p) for p in model.parameters()]
    del model
    assert [reference() for reference in references if reference() is not None] == []
