"""Random problems, and references that share no code with what they check."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def problem(rng):
    """Make X (m, n), y (m,), and weights with the given widths in a row."""

    def make(m, n, *widths, dtype=np.float32):
        X = rng.standard_normal((m, n)).astype(dtype)
        y = rng.integers(widths[-1], size=m).astype(np.uint8)
        shapes = zip((n, *widths), widths, strict=False)
        weights = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
        return X, y, *weights

    return make


@pytest.fixture
def numerical_gradient():
    """Differentiate `loss()` by `W` with central differences, changing W in place."""

    def differentiate(loss, W, step=1e-6):
        gradient = np.empty_like(W)
        for index in np.ndindex(W.shape):
            kept = W[index]
            W[index] = kept + step
            above = loss()
            W[index] = kept - step
            below = loss()
            W[index] = kept
            gradient[index] = (above - below) / (2 * step)
        return gradient

    return differentiate


@pytest.fixture
def write_idx(tmp_path):
    """Write a compressed IDX file with a header of its own, true or not; return its path."""

    def write(name, body, *shape, magic=None):
        magic = 0x0800 + len(shape) if magic is None else magic
        path = tmp_path / name
        header = struct.pack(f">{1 + len(shape)}I", magic, *shape)
        path.write_bytes(gzip.compress(header + bytes(body)))
        return path

    return write


@pytest.fixture(scope="session")
def mnist():
    """Read the real MNIST: (X, y) of the training set, (X, y) of the test set."""
    import needle_hw0

    folder = Path(os.environ.get("NEEDLE_DATA", "")) / "mnist"
    if "NEEDLE_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("needs the real MNIST: set NEEDLE_DATA to a folder with `mnist` in it")
    return [
        needle_hw0.parse_mnist(
            folder / f"{part}-images-idx3-ubyte.gz", folder / f"{part}-labels-idx1-ubyte.gz"
        )
        for part in ("train", "t10k")
    ]
