"""What several files of checks need: files of MNIST, and values for parameters."""

import gzip
import struct


def write_idx(path, array):
    """Write bytes in the format of MNIST's files."""
    header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))


def fill(stage, tensors, rng, low=-1.0):
    """Give tensors random values, and return these by the kind of tensor.

    Tensors of one kind get the same values, so that the order in which a network lists them does
    not matter. A kind is a shape, but ("ones", n) and ("zeros", n), what they were, for vectors.
    """
    kinds = [_kind(tensor) for tensor in tensors]
    values = {
        kind: rng.uniform(low, 1.5, kind if isinstance(kind[0], int) else kind[1:])
        for kind in sorted(set(kinds), key=str)
    }
    for tensor, kind in zip(tensors, kinds, strict=True):
        tensor.data = stage.Tensor(values[kind].astype("float32"))
    return values


def _kind(tensor):
    if len(tensor.shape) != 1:
        return tuple(tensor.shape)
    return "ones" if tensor.numpy()[0] == 1 else "zeros", *tensor.shape
