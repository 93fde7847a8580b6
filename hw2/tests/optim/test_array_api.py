"""Optimisers over a second library, array_api_strict, against those over NumPy."""

from functools import partial

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_hw2 import optim

SHAPES = [(), (0,), (3,), (2, 3, 4)]
KINDS = [
    optim.SGD,
    partial(optim.SGD, momentum=0.9, weight_decay=0.1),
    partial(optim.SGD, momentum=0.9, dampening=0, nesterov=True),
    partial(optim.Adam, weight_decay=0.1),
    optim.AdamW,
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS, ids=["sgd", "momentum", "nesterov", "adam", "adamw"])
def test_steps_clipping_and_state_equal_those_over_numpy(kind, dtype, strict, exported, rng):
    starts = [np.asarray(rng.standard_normal(shape), dtype=dtype) for shape in SHAPES]
    mine = [Tensor(start) for start in starts]
    theirs = [Tensor(strict.asarray(start)) for start in starts]
    optimizers = kind(mine), kind(theirs)
    for step in range(4):
        for a, b, shape in zip(mine, theirs, SHAPES, strict=True):
            gradient = np.asarray(rng.standard_normal(shape), dtype=dtype)
            a.grad, b.grad = Tensor(gradient), Tensor(strict.asarray(gradient))
        norms = [optimizer.clip_grad_norm(1.5) for optimizer in optimizers]
        assert norms[0] == pytest.approx(norms[1], rel=1e-12)
        for optimizer in optimizers:
            optimizer.clip_grad_value(0.5)
            optimizer.step()
        if step == 1:
            optimizers[1].load_state_dict(optimizers[1].state_dict())
    for a, b in zip(mine, theirs, strict=True):
        assert type(b.cached_data) is type(strict.asarray(1.0))
        assert b.dtype == getattr(strict, dtype)
        assert np.array_equal(exported(b), a.numpy())


def test_gradient_of_another_dtype_is_converted(strict, exported):
    p = Tensor(strict.asarray([1.0, 2.0], dtype=strict.float32))
    p.grad = Tensor(strict.asarray([1.0, 1.0], dtype=strict.float64))
    optim.SGD([p], lr=0.5).step()
    assert p.dtype == strict.float32
    assert exported(p).tolist() == [0.5, 1.5]


def test_gradient_of_another_library_is_refused(strict):
    p = Tensor(strict.asarray([1.0, 2.0]))
    p.grad = Tensor(np.ones(2))
    with pytest.raises(ValueError, match="one device"):
        optim.SGD([p]).step()
