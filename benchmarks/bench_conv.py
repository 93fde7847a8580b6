"""Convolutions: hw3's C++ device and PyTorch, forward and backward.

One thread by processor time, a process for each candidate and layer. They first have to agree.
PyTorch runs on images stored channel by channel, as its users have them, and pixel by pixel
(`channels_last`); the faster one counts. So does hw3: its images are stored pixel by pixel, or are
views of images stored channel by channel. With `--threads`, then two threads over one, by wall
time: for quiet machines only.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 0.02  # at least, of one measurement

Array = np.ndarray[Any, Any]


class Layer(NamedTuple):
    """A convolution of random float32 images, which are square."""

    batch: int
    size: int
    channels: int
    filters: int
    kernel: int
    stride: int
    padding: int
    must: float  # the goal: time over PyTorch's
    input_gradient: bool = True

    @property
    def name(self) -> str:
        """What the layer is called."""
        image = f"{self.batch}x{self.size}x{self.size}"
        rest = "" if self.input_gradient else ", no dx"
        return f"{image} {self.channels}-{self.filters} k{self.kernel} s{self.stride}{rest}"

    def operands(self) -> tuple[Array, Array, Array]:
        """Return images and gradients of the result, channel by channel, and filters."""
        rng = np.random.default_rng(0)
        result = (self.size + 2 * self.padding - self.kernel) // self.stride + 1
        shapes = (
            (self.batch, self.channels, self.size, self.size),
            (self.batch, self.filters, result, result),
            (self.filters, self.channels, self.kernel, self.kernel),
        )
        x, dy, w = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
        return x, dy, w


LAYERS = [
    Layer(128, 32, 3, 16, 7, 4, 3, 1.0, False),
    Layer(128, 32, 3, 16, 7, 4, 3, 1.0),
    Layer(128, 8, 16, 32, 3, 2, 1, 1.0),
    Layer(128, 4, 32, 32, 3, 1, 1, 1.0),
    Layer(128, 4, 32, 64, 3, 2, 1, 1.0),
    Layer(128, 2, 64, 128, 3, 2, 1, 1.0),
    Layer(128, 1, 128, 128, 3, 1, 1, 1.0),
    Layer(32, 32, 64, 64, 3, 1, 1, 1.2),
    Layer(32, 16, 128, 128, 3, 1, 1, 1.2),
]


def in_torch(layer: Layer, last: bool) -> Any:
    """Return a function that computes y and the gradients, and one that sets the threads."""
    import torch

    order = torch.channels_last if last else torch.contiguous_format
    x, dy, w = (torch.from_numpy(a).contiguous(memory_format=order) for a in layer.operands())
    pairs = [[n, n] for n in (layer.stride, layer.padding, 1)]
    wanted = [layer.input_gradient, True, False]

    def step() -> list[Any]:
        with torch.no_grad():
            y = torch.nn.functional.conv2d(x, w, None, *pairs)
            rest = [False, [0, 0], 1, wanted]
            dx, dw, _ = torch.ops.aten.convolution_backward(dy, x, w, None, *pairs, *rest)
        return [y, dw, dx] if layer.input_gradient else [y, dw]

    return step, torch.set_num_threads


def in_hw3(layer: Layer, last: bool) -> Any:
    """Return the same for hw3's C++ device; results have PyTorch's order of axes."""
    import needle_hw3 as nd

    device = nd.cpu()
    x, dy, w = (device.array(a) for a in layer.operands())
    x, dy = (nd.permute_dims(a, (0, 2, 3, 1)) for a in (x, dy))
    w = nd.permute_dims(w, (2, 3, 1, 0)).compact()
    if last:
        x, dy = x.compact(), dy.compact()
    settings = layer.stride, layer.padding

    def step() -> list[Any]:
        y = nd.neural.conv2d(x, w, *settings)
        dw = nd.neural.conv2d_weight_gradient(x, dy, w.shape, *settings)
        results = [y.permute((0, 3, 1, 2)), dw.permute((3, 2, 0, 1))]
        if layer.input_gradient:
            dx = nd.neural.conv2d_input_gradient(dy, w, x.shape, *settings)
            results.append(dx.permute((0, 3, 1, 2)))
        return results

    return step, nd.set_num_threads


CANDIDATES = {
    "PyTorch": partial(in_torch, last=False),
    "PyTorch, channels last": partial(in_torch, last=True),
    "hw3": partial(in_hw3, last=True),
    "hw3, channels first": partial(in_hw3, last=False),
}


def repetitions(function: Callable[[], Any]) -> int:
    """Return how often `function` runs in SECONDS."""
    function()
    start = time.perf_counter()
    function()
    return 1 + int(SECONDS / max(time.perf_counter() - start, 1e-7))


def repeat(function: Callable[[], Any], count: int) -> None:
    """Call `function` again and again."""
    for _ in range(count):
        function()


def prepare(candidate: str, layer: Layer, count: int) -> Callable[[], None]:
    """Return a function that computes `count` times, on one thread."""
    function, set_threads = CANDIDATES[candidate](layer)
    set_threads(1)
    return partial(repeat, function, count)


def check(layer: Layer) -> int:
    """Raise ArithmeticError unless all agree; return how often to compute in a round."""
    function, _ = CANDIDATES["PyTorch"](layer)
    expected, count = [np.asarray(a) for a in function()], repetitions(function)
    for name, candidate in CANDIDATES.items():
        for found, right in zip(candidate(layer)[0](), expected, strict=True):
            if not np.abs(np.asarray(found) - right).max() <= 1e-4 * np.abs(right).max():
                raise ArithmeticError(f"{name} and PyTorch do not agree on {layer.name}")
    return count


def compare(layers: list[Layer], rounds: int) -> None:
    """Print the table for one thread."""
    from rich.console import Console
    from rich.table import Table

    headings = [f"{name} / PyTorch" for name in CANDIDATES if name.startswith("hw3")]
    table = Table("one thread", "PyTorch", *headings, "must")
    for layer in layers:
        count = check(layer)
        setups = {name: partial(prepare, name, layer, count) for name in CANDIDATES}
        times = timing.interleave(setups, rounds=rounds)
        best = min(times[name].median for name in CANDIDATES if name.startswith("PyTorch"))
        ratios = [times[name].median / best for name in CANDIDATES if name.startswith("hw3")]
        table.add_row(
            layer.name,
            f"{1e3 * best / count:.2f} ms",
            *(f"{ratio:.2f}" for ratio in ratios),
            f"{layer.must:.2f}",
        )
    Console().print(table)


def scaling(candidate: str, layer: Layer, rounds: int) -> float:
    """Return the wall time with two threads over that with one."""
    function, set_threads = CANDIDATES[candidate](layer)
    count = repetitions(function)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for threads, measured in seconds.items():
            set_threads(threads)
            function()
            start = time.perf_counter()
            repeat(function, count)
            measured.append(time.perf_counter() - start)
    return statistics.median(seconds[2]) / statistics.median(seconds[1])


def compare_threads(layers: list[Layer], rounds: int) -> None:
    """Print the table for two threads."""
    from rich.console import Console
    from rich.table import Table

    table = Table("two threads over one", *CANDIDATES, "must")
    for layer in layers:
        ratios = [f"{scaling(name, layer, rounds):.2f}" for name in CANDIDATES]
        table.add_row(layer.name, *ratios, "0.65" if layer.must > 1 else "")
    Console().print(table)


def main(argv: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names of layers")
    parser.add_argument("--rounds", type=int, default=9, help="how often each candidate runs")
    parser.add_argument("--threads", action="store_true", help="compare two threads with one, too")
    arguments = parser.parse_args(argv)
    names = arguments.names or [""]
    layers = [layer for layer in LAYERS if any(name in layer.name for name in names)]
    compare(layers, arguments.rounds)
    if arguments.threads:
        compare_threads(layers, arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
