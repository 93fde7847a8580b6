"""Softmax, its loss, normalisation and the LSTM cell on the C++ device, float32, against PyTorch.

PyTorch's allocator is told to keep memory, as hw3's does: otherwise large arrays measure how long
the system takes to give and take pages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import timing

timing.use_one_thread()  # before NumPy is imported
os.environ.update(
    MALLOC_MMAP_THRESHOLD_="4294967296",
    MALLOC_TRIM_THRESHOLD_="4294967296",
    THP_MEM_ALLOC_ENABLE="1",
)

import numpy as np  # noqa: E402

Run = Callable[[], list[Any]]

WORKLOADS: dict[str, tuple[list[tuple[int, ...]], int]] = {  # what is drawn, how many are leaves
    "softmax": ([(4096, 4096)], 0),
    "logsumexp": ([(4096, 4096)], 0),
    "causal softmax": ([(128, 64, 64)], 0),
    "softmax loss": ([(640, 10_000), ()], 1),
    "layer norm": ([(4096, 512), (512,), (512,), (4096, 512)], 3),
    "batch norm": ([(8192, 64), (64,), (64,), (8192, 64)], 3),
    "LSTM cell": ([(16, 400), (16, 100), (16, 100), (16, 100)], 2),
    "sigmoid": ([(1000, 1000), (1000, 1000)], 1),
}


def drawn(workload: str) -> tuple[list[Any], int]:
    """Return the arrays of a workload, gradients of the results last, and the number of leaves."""
    rng = np.random.default_rng(0)
    shapes, leaves = WORKLOADS[workload]
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes], leaves


def labels() -> Any:
    """Return labels for the softmax loss."""
    rows, classes = WORKLOADS["softmax loss"][0][0]
    return np.random.default_rng(1).integers(classes, size=rows)


def in_torch(workload: str) -> Run:
    """Return a function that does the work with PyTorch, and returns results as arrays."""
    import torch
    import torch.nn.functional as functions

    torch.set_num_threads(1)
    arrays, leaves = drawn(workload)
    tensors = [torch.tensor(array) for array in arrays]
    inputs, grads = tensors[:leaves] or tensors, tensors[leaves:]
    hidden = torch.triu(torch.full((64, 64), -torch.inf), 1)
    y = torch.tensor(labels())

    def cell(gates: Any, c: Any) -> list[Any]:
        i, f, g, o = gates.chunk(4, 1)
        c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return [torch.sigmoid(o) * torch.tanh(c_new), c_new]

    function: Callable[..., list[Any]] = {
        "softmax": lambda x: [torch.softmax(x, -1)],
        "logsumexp": lambda x: [torch.logsumexp(x, -1)],
        "causal softmax": lambda x: [torch.softmax(0.125 * x + hidden, -1)],
        "softmax loss": lambda z: [functions.cross_entropy(z, y)],
        "layer norm": lambda x, w, b: [functions.layer_norm(x, x.shape[-1:], w, b)],
        "batch norm": lambda x, w, b: [functions.batch_norm(x, None, None, w, b, training=True)],
        "LSTM cell": cell,
        "sigmoid": lambda x: [torch.sigmoid(x)],
    }[workload]
    if leaves == 0:
        return lambda: function(*inputs)
    for leaf in inputs:
        leaf.requires_grad_()

    def run() -> list[Any]:
        results = function(*inputs)
        found = torch.autograd.grad(results, inputs, grads)
        return [result.detach() for result in (*results, *found)]

    return run


def in_hw3(workload: str) -> Run:
    """Return a function that does the same with hw3's C++ device, by an op of hw2 if it has one."""
    import needle_hw2 as ndl
    import needle_hw3 as nd
    from needle_hw3 import neural

    nd.set_num_threads(1)
    values, leaves = drawn(workload)
    arrays = [nd.asarray(array, device=nd.cpu()) for array in values]
    y = ndl.Tensor(labels(), device=nd.cpu(), dtype="int64", requires_grad=False)

    def cell() -> list[Any]:
        gates, c, grad_h, grad_c = arrays
        h, c_new, activations = neural.lstm_cell(gates, c)
        return [h, c_new, *neural.lstm_cell_gradient(grad_h, grad_c, activations, c, c_new)]

    kernels: dict[str, Run] = {
        "softmax": lambda: [neural.softmax(arrays[0])],
        "logsumexp": lambda: [neural.logsumexp(arrays[0])],
        "causal softmax": lambda: [neural.softmax(arrays[0], scale=0.125, causal=True)],
        "LSTM cell": cell,
    }
    if workload in kernels:
        return kernels[workload]
    function: Callable[..., Any] = {
        "softmax loss": lambda z: ndl.nn.SoftmaxLoss()(z, y),
        "layer norm": lambda x, w, b: ndl.ops.normalize(x, w, b, -1),
        "batch norm": lambda x, w, b: ndl.ops.normalize(x, w, b, 0),
        "sigmoid": ndl.sigmoid,
    }[workload]
    inputs = [ndl.Tensor.make_const(array, requires_grad=True) for array in arrays[:leaves]]
    grad = ndl.Tensor.make_const(arrays[-1])

    def run() -> list[Any]:
        result = function(*inputs)
        result.backward(grad, create_graph=False)
        return [x.realize_cached_data() for x in (result, *(leaf.grad for leaf in inputs))]

    return run


def main() -> int:
    """Print a table for each workload, or for those that are named; 0 if the results agree."""
    for workload in [name for name in WORKLOADS if not sys.argv[1:] or name in sys.argv[1:]]:
        setups = {"PyTorch": partial(in_torch, workload), "hw3": partial(in_hw3, workload)}
        expected, found = (setup()() for setup in setups.values())
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(np.asarray(mine), theirs.numpy(), rtol=1e-3, atol=2e-4)
        timings = timing.interleave(setups, rounds=15, warmup=3)
        passes = "forward and backward, " if WORKLOADS[workload][1] else ""
        title = f"{workload}, {passes}{WORKLOADS[workload][0][0]}"
        timing.show(title, timings, baseline="PyTorch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
