"""What several files of checks need: problems to train on, and files of MNIST."""

import gzip
import struct
from itertools import pairwise

import numpy as np


def problem(rng, rows, *widths, dtype=np.float64, labels=np.int64):
    """Return X, y and the weights of layers between `widths`."""
    X = rng.standard_normal((rows, widths[0])).astype(dtype)
    y = rng.integers(widths[-1], size=rows, dtype=labels)
    return X, y, *[rng.standard_normal(shape).astype(dtype) for shape in pairwise(widths)]


def small_problem(rng, rows, *widths):
    """Return X, y and weights as C++ takes them: float32, and bytes for y."""
    return problem(rng, rows, *widths, dtype=np.float32, labels=np.uint8)


def write_idx(path, magic, shape, body):
    """Write a compressed IDX file; return its path."""
    header = struct.pack(f">{1 + len(shape)}I", magic, *shape)
    path.write_bytes(gzip.compress(header + body))
    return path


def mnist_files(folder, pixels, labels):
    """Write a file of images, of shape (count, rows, columns), and one of labels."""
    return (
        write_idx(folder / "images.gz", 0x803, pixels.shape, pixels.tobytes()),
        write_idx(folder / "labels.gz", 0x801, labels.shape, labels.tobytes()),
    )
