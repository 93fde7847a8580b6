"""What several files of checks need: files of MNIST, and values for parameters."""

import gzip
import struct


def write_idx(path, array):
    """Write bytes in the format of MNIST's files."""
    header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))


def fill(stage, tensors, rng, low=-1.0):
    """Give tensors random values, and return these."""
    arrays = [rng.uniform(low, 1.5, tensor.shape).astype("float32") for tensor in tensors]
    for tensor, array in zip(tensors, arrays, strict=True):
        tensor.data = stage.Tensor(array)
    return arrays
