"""The CUDA device of hw3 against its GPU's copy rate, cuBLAS and cuDNN (through PyTorch).

Memory-bound work is a share of the rate at which the GPU copies (bytes read and written), products
and convolutions a share of PyTorch's speed in float32 without TF32, small operations a ratio of
times. `--save FILE` writes the table as Markdown. Without a GPU it says so, and measures nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import needle_hw3 as nd
from needle_hw3 import neural

BIG = 1 << 26  # elements of float32: 256 MiB, several times a second-level cache
ROUNDS = 9
SECONDS = 0.02  # of one measurement: many calls, so that starting and waiting count little


class Work(NamedTuple):
    """One line of the table."""

    name: str
    shapes: tuple[tuple[int, ...], ...]  # of the operands, uniform draws in float32
    ours: Callable[..., object]
    torch: Callable[..., object] | None = None
    traffic: int = 0  # bytes read and written at least; 0: time is compared with PyTorch's
    goal: str = ""


def memory_bound() -> list[Work]:
    """Return work whose floor is the traffic: each operand read once, each result written once."""
    size, side, rows = 4 * BIG, 8192, (1 << 15, 2048)
    matrix = 4 * side * side
    return [
        Work("copy", ((BIG,),), lambda a: nd.asarray(a, copy=True),
             lambda a: a.clone(), 2 * size, "the measure"),
        Work("add", ((BIG,), (BIG,)), lambda a, b: a + b, lambda a, b: a + b, 3 * size, ">= .90"),
        Work("exp", ((BIG,),), nd.exp, lambda a: a.exp(), 2 * size, ">= .90"),
        Work("add a row", ((side, side), (side,)), lambda a, b: a + b, lambda a, b: a + b,
             2 * matrix, ">= .90"),
        Work("sum of all", ((BIG,),), nd.sum, lambda a: a.sum(), size, ">= .90"),
        Work("sum of rows", ((side, side),), lambda a: nd.sum(a, axis=1), lambda a: a.sum(1),
             matrix, ">= .90"),
        Work("sum of columns", ((side, side),), lambda a: nd.sum(a, axis=0), lambda a: a.sum(0),
             matrix, ">= .90"),
        Work("transpose", ((side, side),), lambda a: a.T.compact(), lambda a: a.T.contiguous(),
             2 * matrix, ">= .80"),
        Work("softmax of rows", (rows,), neural.softmax,
             lambda a: a.softmax(-1), 8 * rows[0] * rows[1], ">= .85"),
        Work("LayerNorm of rows", (rows, (rows[1],), (rows[1],)),
             lambda a, w, b: neural.layer_norm(a, w, b, 1e-5), _torch_layer_norm,
             8 * rows[0] * rows[1], ">= .85"),
    ]  # fmt: skip


def products() -> list[Work]:
    """Return products of matrices, and convolutions."""

    def product(name: str, m: int, k: int, n: int, goal: str) -> Work:
        return Work(name, ((m, k), (k, n)), lambda a, b: a @ b, lambda a, b: a @ b, goal=goal)

    sizes = [product(f"matmul {n}", n, n, n, "<= 1.18") for n in (2048, 4096, 8192)]
    return [
        *sizes,
        product("matmul 509 x 511 x 513", 509, 511, 513, "<= 1.43"),
        product("matmul 127 x 253 x 61", 127, 253, 61, "<= 1.43"),
        product("matmul X^T dY, 784 x 60000 x 100", 784, 60000, 100, "<= 1.43"),
        Work("conv 128 x 32 x 32 x 64, 3 x 3, 64", ((128, 32, 32, 64), (3, 3, 64, 64)),
             lambda x, w: neural.conv2d(x, w, stride=1, padding=1), _torch_conv, goal="<= 1.43"),
    ]  # fmt: skip


def small() -> list[Work]:
    """Return work that is nothing but its start."""
    return [
        Work("add of 10 elements", ((10,), (10,)), lambda a, b: a + b, lambda a, b: a + b,
             goal="<= 1.0"),
        Work("exp of 10 elements", ((10,),), nd.exp, lambda a: a.exp(), goal="<= 1.0"),
    ]  # fmt: skip


def _torch_layer_norm(a: Any, weight: Any, bias: Any) -> Any:
    from torch.nn.functional import layer_norm

    return layer_norm(a, a.shape[-1:], weight, bias)


def _torch_conv(x: Any, w: Any) -> Any:
    from torch.nn.functional import conv2d

    return conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), padding=1)


def seconds_of(calls: list[Callable[[], object]], wait: Callable[[], None]) -> list[float]:
    """Return the median time of each of `calls`, which take turns."""

    def measure(call: Callable[[], object], repeats: int) -> float:
        wait()
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        wait()
        return (time.perf_counter() - start) / repeats

    repeats = []
    for call in calls:
        call()
        repeats.append(max(1, int(SECONDS / max(measure(call, 3), 1e-7))))
    pairs = list(zip(calls, repeats, strict=True))
    rounds = [[measure(call, count) for call, count in pairs] for _ in range(ROUNDS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def transfers(device: Any, wait: Callable[[], None]) -> list[list[str]]:
    """Return the rates of transfers between NumPy's arrays and the GPU."""
    values = np.ones(BIG // 4, np.float32)
    array = device.array(values)
    there, back = seconds_of([lambda: device.array(values), array.numpy], wait)
    return [
        [name, f"{1e3 * time:.3f}", "", "", f"{values.nbytes / time / 1e9:.1f}", "", ""]
        for name, time in (("from NumPy, 64 MiB", there), ("to NumPy, 64 MiB", back))
    ]


def torch_or_none() -> Any:
    """Return PyTorch with TF32 switched off, or None if it is not here or sees no GPU."""
    try:
        import torch
    except ImportError:
        return None
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    return torch if torch.cuda.is_available() else None


HEADINGS = ["", "ms", "PyTorch ms", "ratio", "GB/s", "of the copy rate", "goal"]


def measure(device: Any, torch: Any) -> list[list[str]]:
    """Return the rows of the table."""

    def wait() -> None:
        device.synchronize()
        if torch:
            torch.cuda.synchronize()

    rng = np.random.default_rng(0)
    rows, copy_rate = [], 0.0
    for work in [*memory_bound(), *products(), *small()]:
        values = [rng.random(shape, np.float32) for shape in work.shapes]
        ours = [device.array(value) for value in values]
        calls = [lambda work=work, ours=ours: work.ours(*ours)]
        if torch and work.torch:
            theirs = [torch.asarray(value, device="cuda") for value in values]
            calls.append(lambda work=work, theirs=theirs: work.torch(*theirs))
        times = seconds_of(calls, wait)
        rate = work.traffic / times[0]
        copy_rate = copy_rate or rate  # the first work is the copy
        rows.append([
            work.name,
            f"{1e3 * times[0]:.4f}",
            f"{1e3 * times[1]:.4f}" if len(times) > 1 else "",
            f"{times[0] / times[1]:.2f}" if len(times) > 1 else "",
            f"{rate / 1e9:.0f}" if rate else "",
            f"{rate / copy_rate:.2f}" if rate else "",
            work.goal,
        ])  # fmt: skip
        del calls, ours
    return rows + transfers(device, wait)


def main(argv: list[str] | None = None) -> int:
    """Measure, print the table, and save it if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the table as Markdown")
    options = parser.parse_args(argv)
    device = nd.cuda()
    if not device.enabled():
        print(f"not measured: {device!r} is not available: {device.why_disabled}")
        return 0
    torch = torch_or_none()
    name = torch.cuda.get_device_name() if torch else device.kernels.isa()
    rows = measure(device, torch)
    lines = [
        f"# {name}, PyTorch {torch.__version__ if torch else 'not there'}, float32, no TF32",
        "",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in (HEADINGS, ["---"] * len(HEADINGS), *rows)]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.save:
        options.save.parent.mkdir(parents=True, exist_ok=True)
        options.save.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
