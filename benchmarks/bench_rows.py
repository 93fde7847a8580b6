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

WORKLOADS: dict[str, list[tuple[int, ...]]] = {  # the shapes of what is drawn
    "softmax": [(4096, 4096)],
    "logsumexp": [(4096, 4096)],
    "causal softmax": [(128, 64, 64)],
    "softmax loss, forward and backward": [(640, 10_000)],
    "layer norm, forward and backward": [(4096, 512), (512,), (512,), (4096, 512)],
    "batch norm, forward and backward": [(8192, 64), (64,), (64,), (8192, 64)],
    "LSTM cell, forward and backward": [(16, 400), (16, 100), (16, 100), (16, 100)],
    "sigmoid, forward and backward": [(1000, 1000), (1000, 1000)],
}


def drawn(workload: str) -> list[Any]:
    """Return the arrays of a workload."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in WORKLOADS[workload]]


def labels(rows: int, classes: int) -> Any:
    """Return labels for the softmax loss."""
    return np.random.default_rng(1).integers(classes, size=rows)


def in_torch(workload: str) -> Run:
    """Return a function that does the work with PyTorch, and returns results as arrays."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)
    tensors = [torch.tensor(array) for array in drawn(workload)]
    first = tensors[0]
    if workload == "softmax":
        return lambda: [torch.softmax(first, -1)]
    if workload == "logsumexp":
        return lambda: [torch.logsumexp(first, -1)]
    if workload == "causal softmax":
        hidden = torch.triu(torch.full(first.shape[-2:], -torch.inf), 1)
        return lambda: [torch.softmax(0.125 * first + hidden, -1)]

    def with_gradients(function: Callable[..., Any], inputs: int, grads: list[Any]) -> Run:
        leaves = [tensor.requires_grad_() for tensor in tensors[:inputs]]

        def run() -> list[Any]:
            results = function(*leaves)
            found = torch.autograd.grad(results, leaves, grads)
            return [result.detach() for result in (*results, *found)]

        return run

    if workload.startswith("softmax loss"):
        y = torch.tensor(labels(*first.shape))
        return with_gradients(lambda z: [F.cross_entropy(z, y)], 1, [torch.tensor(1.0)])
    if workload.startswith("layer norm"):
        d = first.shape[-1:]
        return with_gradients(lambda x, w, b: [F.layer_norm(x, d, w, b)], 3, tensors[3:])
    if workload.startswith("batch norm"):
        return with_gradients(
            lambda x, w, b: [F.batch_norm(x, None, None, w, b, training=True)], 3, tensors[3:]
        )
    if workload.startswith("sigmoid"):
        return with_gradients(lambda x: [torch.sigmoid(x)], 1, tensors[1:])

    def cell(gates: Any, c: Any) -> list[Any]:
        i, f, g, o = gates.chunk(4, 1)
        c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return [torch.sigmoid(o) * torch.tanh(c_new), c_new]

    return with_gradients(cell, 2, tensors[2:])


def in_hw3(workload: str) -> Run:
    """Return a function that does the same with hw3's C++ device, where hw2 has an op with that."""
    import needle_hw2 as ndl
    import needle_hw3 as nd
    from needle_hw3 import neural

    nd.set_num_threads(1)
    arrays = [nd.asarray(array, device=nd.cpu()) for array in drawn(workload)]
    first = arrays[0]
    if workload == "softmax":
        return lambda: [neural.softmax(first)]
    if workload == "logsumexp":
        return lambda: [neural.logsumexp(first)]
    if workload == "causal softmax":
        return lambda: [neural.softmax(first, scale=0.125, causal=True)]
    if workload.startswith("LSTM"):

        def cell() -> list[Any]:
            gates, c, grad_h, grad_c = arrays
            h, c_new, activations = neural.lstm_cell(gates, c)
            return [h, c_new, *neural.lstm_cell_gradient(grad_h, grad_c, activations, c, c_new)]

        return cell

    def with_gradients(function: Callable[..., Any], inputs: int, grad: Any) -> Run:
        leaves = [ndl.Tensor.make_const(array, requires_grad=True) for array in arrays[:inputs]]

        def run() -> list[Any]:
            result = function(*leaves)
            result.backward(grad, create_graph=False)
            return [x.realize_cached_data() for x in (result, *(leaf.grad for leaf in leaves))]

        return run

    if workload.startswith("softmax loss"):
        y = ndl.Tensor(labels(*first.shape), device=nd.cpu(), dtype="int64", requires_grad=False)
        return with_gradients(lambda z: ndl.nn.SoftmaxLoss()(z, y), 1, None)
    grad = ndl.Tensor.make_const(arrays[-1])
    if workload.startswith("sigmoid"):
        return with_gradients(ndl.sigmoid, 1, grad)
    axis = -1 if workload.startswith("layer") else 0
    return with_gradients(lambda x, w, b: ndl.ops.normalize(x, w, b, axis), 3, grad)


def main() -> int:
    """Print a table for each workload, or for those that are named; 0 if the results agree."""
    for workload in [name for name in WORKLOADS if not sys.argv[1:] or name in sys.argv[1:]]:
        setups = {"PyTorch": partial(in_torch, workload), "hw3": partial(in_hw3, workload)}
        expected, found = (setup()() for setup in setups.values())
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(np.asarray(mine), theirs.numpy(), rtol=1e-3, atol=2e-4)
        timings = timing.interleave(setups, rounds=15, warmup=3)
        timing.show(f"{workload}, {WORKLOADS[workload][0]}", timings, baseline="PyTorch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
