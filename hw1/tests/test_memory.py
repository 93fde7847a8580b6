"""Long chains do not recurse, and training frees what it makes without the garbage collector."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import assert_close

LONG = 100_000


def chain(x, length=LONG):
    for _ in range(length):
        x = x + 1.0
    return x


def test_chain_of_100_000_operations_runs_forward_and_backward_and_is_freed(without_gc):
    x = Tensor(0.0)
    y = chain(x)
    assert y.item() == LONG
    y.backward()
    assert x.grad.item() == 1.0
    gone = weakref.ref(y)
    del y
    assert gone() is None


def test_deferred_chain_of_100_000_operations_runs_and_is_freed(without_gc):
    x = Tensor(0.0)
    with ndl.lazy():
        y = chain(x)
        unused = chain(x)
    assert y.item() == LONG
    y.backward()
    assert x.grad.item() == 1.0
    gone = [weakref.ref(y), weakref.ref(unused)]
    del y, unused
    assert [reference() for reference in gone] == [None, None]


def test_gradient_of_a_long_chain_is_itself_differentiated_and_freed(without_gc):
    x = Tensor(1.0)
    factor = 1.0 + 1e-6
    y = x * x
    for _ in range(LONG // 2):
        y = y * factor
    y.backward()
    first = x.grad
    scale = factor ** (LONG // 2)
    assert_close(first.item(), 2 * scale, rtol=1e-9)
    first.backward()
    assert_close(x.grad.item(), 2 * scale, rtol=1e-9)
    gone = [weakref.ref(y), weakref.ref(first)]
    del y, first
    assert [reference() for reference in gone] == [None, None]


def test_long_chain_where_each_value_is_used_twice_is_visited_once(without_gc):
    x = Tensor(1.0)
    y = x
    for _ in range(2_000):  # 2^2000 paths
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.item() == 1.0
    assert len(ndl.autograd.find_topo_sort([y])) == 4_001


X = np.arange(12.0).reshape(4, 3) / 12
Y = np.eye(2)[[0, 1, 1, 0]]


def loss_of(data, labels, W1, W2, seen):
    hidden = ndl.relu(data @ W1)
    logits = hidden @ W2
    shifted = ndl.exp(logits - labels)
    loss = (shifted * shifted + ndl.log(shifted) / 3).sum() / 4
    seen += [weakref.ref(v) for v in (data, labels, hidden, logits, shifted, loss)]
    return loss


def weights():
    rng = np.random.default_rng(0)
    return Tensor(rng.standard_normal((3, 5)) / 5), Tensor(rng.standard_normal((5, 2)) / 5)


def persistent_leaves(steps, seen, create_graph=True):
    """Train in the style of optimizers: the weights stay, their data is replaced."""
    W1, W2 = weights()
    data, labels = Tensor(X, requires_grad=False), Tensor(Y, requires_grad=False)
    for step in range(steps):
        own = [] if step else seen  # the data lives as long as the loop
        loss_of(data, labels, W1, W2, own).backward(create_graph=create_graph)
        seen += own[2:] if step else []
        for W in (W1, W2):
            seen += [weakref.ref(W.grad), weakref.ref(W.data)]
            W.data = W.data - 1e-3 * W.grad.data
        yield


def without_create_graph(steps, seen):
    """Train with gradients that are constants."""
    yield from persistent_leaves(steps, seen, create_graph=False)


def course_style(steps, seen):
    """Train with new tensors in every step, of data that requires a gradient, too."""
    W1, W2 = weights()
    for _ in range(steps):
        loss_of(Tensor(X), Tensor(Y), W1, W2, seen).backward()
        seen += [weakref.ref(v) for v in (W1, W2, W1.grad, W2.grad)]
        W1 = Tensor(W1.numpy() - 1e-3 * W1.grad.numpy())
        W2 = Tensor(W2.numpy() - 1e-3 * W2.grad.numpy())
        yield


def accumulating(steps, seen):
    """Train with gradients added up over steps, and dropped now and then."""
    W1, W2 = weights()
    for step in range(steps):
        loss_of(Tensor(X), Tensor(Y), W1, W2, seen).backward(accumulate=True, create_graph=False)
        if step % 4 == 3:
            W1.grad = W2.grad = None
        yield


def second_order(steps, seen):
    """Differentiate the gradient in every step."""
    W1, W2 = weights()
    for _ in range(steps):
        loss_of(Tensor(X), Tensor(Y), W1, W2, seen).backward()
        seen += [weakref.ref(W1.grad), weakref.ref(W2.grad)]
        (W1.grad * W1.grad).sum().backward()
        yield


def deferred(steps, seen):
    """Train with every operation deferred."""
    with ndl.lazy():
        yield from persistent_leaves(steps, seen)


STYLES = [
    persistent_leaves, without_create_graph, course_style, accumulating, second_order, deferred
]  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_every_tensor_of_a_step_dies_without_the_garbage_collector(without_gc, style):
    seen = []
    for _ in style(8, seen):
        pass
    assert len(seen) >= 8 * 4
    assert [reference() for reference in seen if reference() is not None] == []


@pytest.mark.parametrize("style", [persistent_leaves, course_style, without_create_graph])
def test_ten_thousand_steps_do_not_grow(without_gc, style):
    class Forgets(list):
        def __iadd__(self, other):
            return self

    steps = style(10_000, Forgets())
    for _ in range(2_000):  # Python's free lists of tuples fill, and NumPy's cache
        next(steps)
    objects = len(gc.get_objects())
    for _ in range(7_500):
        next(steps)
    tracemalloc.start()  # makes a step ten times as long, so not from the beginning
    try:
        next(steps)
        before = tracemalloc.get_traced_memory()[0]
        assert sum(1 for _ in steps) == 499
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 10_000  # bytes: not one tensor in twenty steps
    assert len(gc.get_objects()) - objects < 100


def test_ten_thousand_steps_of_nn_epoch_do_not_grow(without_gc, simple_ml):
    rng = np.random.default_rng(0)
    images = rng.standard_normal((10_000, 3)).astype("float32")
    labels = rng.integers(2, size=10_000)
    W1, W2 = Tensor(np.ones((3, 20), "float32")), Tensor(np.ones((20, 2), "float32"))
    simple_ml.nn_epoch(images[:2_000], labels[:2_000], W1, W2, batch=1)
    objects = len(gc.get_objects())
    simple_ml.nn_epoch(images, labels, W1, W2, lr=1e-3, batch=1)
    assert len(gc.get_objects()) - objects < 100
    tracemalloc.start()
    try:
        simple_ml.nn_epoch(images[:1_000], labels[:1_000], W1, W2, lr=1e-3, batch=1)
        current, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert current < 10_000
    assert peak < 100_000  # a gradient kept in each step would be 240,000
