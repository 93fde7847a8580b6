"""Matrix products: hw3's C++ device, NumPy and PyTorch.

One thread by processor time, a process for each candidate and product. They first have to agree.
With `--threads`, then two threads over one, by wall time: for quiet machines only.

NumPy and PyTorch write to an array that is there: they would give a new one back to the system,
and its page faults would be measured. hw3 allocates its result, as always.
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


class Product(NamedTuple):
    """A product of random float32 matrices; those marked are transposed views."""

    name: str
    a: tuple[int, ...]
    b: tuple[int, ...]
    must: float  # the goal: time over PyTorch's
    transposed: str = ""

    def operands(self) -> list[np.ndarray[Any, Any]]:
        """Return row-major arrays of shapes `a` and `b`."""
        rng = np.random.default_rng(0)
        return [rng.standard_normal(shape, dtype=np.float32) for shape in (self.a, self.b)]

    def turn(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Return the operands of the product, for arrays of any library."""
        return (a.T if "a" in self.transposed else a), (b.T if "b" in self.transposed else b)


def square(size: int, must: float) -> Product:
    """Return the product of two square matrices."""
    return Product(f"{size} square", (size, size), (size, size), must)


PRODUCTS = [
    *(square(size, 1.1) for size in (256, 512, 1024, 2048)),
    *(square(size, 1.0) for size in (8, 16, 32, 64)),
    Product("127x253x61", (127, 253), (253, 61), 1.0),
    Product("509x511x513", (509, 511), (511, 513), 1.0),
    Product("tall: 60000x784x100", (60000, 784), (784, 100), 0.95),
    Product("X^T dY: 784x60000x100", (60000, 784), (60000, 100), 0.95, "a"),
    Product("LM head: 640x100x10000", (640, 100), (100, 10000), 0.95),
    Product("dY W^T: 640x10000x100", (640, 10000), (100, 10000), 0.95, "b"),
    Product("X^T dY: 100x640x10000", (640, 100), (640, 10000), 0.95, "a"),
    Product("matrix 2048 times vector", (2048, 2048), (2048, 1), 1.0),
    Product("vector times matrix 2048", (1, 2048), (2048, 2048), 1.0),
    Product("64 x (40x16x40)", (64, 40, 16), (64, 16, 40), 1.0),
    Product("64 x (128x64x128)", (64, 128, 64), (64, 64, 128), 1.0),
]


def in_numpy(product: Product) -> tuple[Callable[[], Any], Callable[[int], object]]:
    """Return a function that multiplies with NumPy, and one that sets its threads."""
    a, b = product.turn(*product.operands())
    out = np.matmul(a, b)
    return lambda: np.matmul(a, b, out=out), lambda _: None


def in_torch(product: Product) -> tuple[Callable[[], Any], Callable[[int], object]]:
    """Return the same for PyTorch."""
    import torch

    a, b = product.turn(*map(torch.from_numpy, product.operands()))
    out = torch.matmul(a, b)
    return lambda: torch.matmul(a, b, out=out), torch.set_num_threads


def in_hw3(product: Product) -> tuple[Callable[[], Any], Callable[[int], object]]:
    """Return the same for hw3's C++ device."""
    import needle_hw3

    device = needle_hw3.cpu()
    a, b = (needle_hw3.asarray(array, device=device) for array in product.operands())
    a, b = product.turn(a, b)
    return lambda: needle_hw3.matmul(a, b), needle_hw3.set_num_threads


CANDIDATES = {"PyTorch": in_torch, "NumPy": in_numpy, "hw3": in_hw3}


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


def prepare(candidate: str, product: Product, count: int) -> Callable[[], None]:
    """Return a function that multiplies `count` times, on one thread."""
    function, set_threads = CANDIDATES[candidate](product)
    set_threads(1)
    return partial(repeat, function, count)


def check(product: Product) -> int:
    """Raise ArithmeticError unless all agree; return how often to multiply in a round."""
    function, _ = in_torch(product)
    expected, count = np.asarray(function()), repetitions(function)
    for name in CANDIDATES:
        result = np.asarray(CANDIDATES[name](product)[0]())
        if not np.abs(result - expected).max() <= 1e-4 * np.abs(expected).max():
            raise ArithmeticError(f"{name} and PyTorch do not agree on {product.name}")
    return count


def compare(products: list[Product], rounds: int) -> None:
    """Print the table for one thread."""
    from rich.console import Console
    from rich.table import Table

    table = Table("one thread", "PyTorch", "NumPy / PyTorch", "hw3 / PyTorch", "must", "GFLOP/s")
    for product in products:
        count = check(product)
        setups = {name: partial(prepare, name, product, count) for name in CANDIDATES}
        times = timing.interleave(setups, rounds=rounds)
        seconds = {name: times[name].median / count for name in CANDIDATES}
        a, b = product.turn(*map(np.empty, (product.a, product.b)))
        operations = 2 * np.prod(a.shape) * b.shape[-1]
        table.add_row(
            product.name,
            f"{1e6 * seconds['PyTorch']:.1f} us",
            f"{seconds['NumPy'] / seconds['PyTorch']:.2f}",
            f"{seconds['hw3'] / seconds['PyTorch']:.2f}",
            f"{product.must:.2f}",
            f"{operations / seconds['hw3'] / 1e9:.0f}",
        )
    Console().print(table)


def scaling(candidate: str, product: Product, rounds: int) -> float:
    """Return the wall time with two threads over that with one."""
    function, set_threads = CANDIDATES[candidate](product)
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


def compare_threads(products: list[Product], rounds: int) -> None:
    """Print the table for two threads."""
    from rich.console import Console
    from rich.table import Table

    table = Table("two threads over one", "PyTorch", "hw3", "must")
    for product in products:
        ratios = [f"{scaling(name, product, rounds):.2f}" for name in ("PyTorch", "hw3")]
        # The goal is for matrices of 256 and more; smaller ones only must not become slower.
        work = np.prod(product.a) * product.b[-1]
        table.add_row(product.name, *ratios, "0.65" if work >= 256**3 else "")
    Console().print(table)


def main(argv: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names of products")
    parser.add_argument("--rounds", type=int, default=9, help="how often each candidate runs")
    parser.add_argument("--threads", action="store_true", help="compare two threads with one, too")
    arguments = parser.parse_args(argv)
    names = arguments.names or [""]
    products = [product for product in PRODUCTS if any(name in product.name for name in names)]
    compare(products, arguments.rounds)
    if arguments.threads:
        compare_threads(products, arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
