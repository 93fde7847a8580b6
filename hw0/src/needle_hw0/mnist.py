"""Reader of the IDX format, in which MNIST is published (yann.lecun.com/exdb/mnist).

A file is a header of big-endian 32-bit numbers and then the bytes of an array:

    images  0x00000803  count  rows  columns  | count * rows * columns bytes
    labels  0x00000801  count                 | count bytes
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_CHUNK = 1 << 20
_MOST = 1 << 60  # elements: their bytes are still a number that NumPy can count


def parse_mnist(
    image_filename: str | os.PathLike[str], label_filename: str | os.PathLike[str]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the images (N, rows * columns) as float32 in [0, 1], and the labels (N,) as uint8.

    A pixel is its byte / 255: one scale for all images, 0 and 1 being black and white.
    Both files are gzip-compressed IDX. ValueError if one of them is something else, is cut
    off or goes on after its data, or if their counts differ; FileNotFoundError if one is missing.
    """
    images = _read_idx(image_filename, ("images", "rows", "columns"))
    labels = _read_idx(label_filename, ("labels",))
    if len(images) != len(labels):
        raise ValueError(
            f"{os.fspath(image_filename)} has {len(images)} images and "
            f"{os.fspath(label_filename)} {len(labels)} labels: one label belongs to each image"
        )
    X = images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float32)
    X /= 255
    return X, labels


def _read_idx(filename: str | os.PathLike[str], fields: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return the array of a compressed IDX file of bytes, with one axis for each of `fields`."""
    name = os.fspath(filename)
    try:
        with gzip.open(filename, "rb") as stream:
            shape = _read_header(stream, name, fields)
            size = math.prod(shape)
            # One byte more than promised shows that there is more; the rest is never expanded.
            data = _read_at_most(stream, size + 1)
    except EOFError as error:
        raise ValueError(f"{name}: the gzip stream is cut off") from error
    except gzip.BadGzipFile as error:
        raise ValueError(f"{name}: not a whole gzip file: {error}") from error
    except zlib.error as error:
        raise ValueError(f"{name}: the gzip stream is damaged: {error}") from error
    if len(data) != size:
        held = f"only {len(data)}" if len(data) < size else "more"
        says = _describe(shape, fields)
        raise ValueError(f"{name}: the header says {says} = {size} bytes, the file holds {held}")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def _read_header(stream: gzip.GzipFile, name: str, fields: tuple[str, ...]) -> tuple[int, ...]:
    """Return the sizes in the header, after a look at the magic number.

    The magic number's third byte is the type of the elements (8: unsigned bytes), its last
    one the number of axes.
    """
    layout = f">{1 + len(fields)}I"
    size = struct.calcsize(layout)
    header = stream.read(size)
    if len(header) < size:
        raise ValueError(f"{name}: the header has {size} bytes, the file {len(header)}")
    magic, *shape = struct.unpack(layout, header)
    expected = 0x0800 + len(fields)
    if magic != expected:
        raise ValueError(
            f"{name}: the magic number is 0x{magic:08x}, for {fields[0]} it is 0x{expected:08x}"
        )
    # A size of 0 hides the others from the count of bytes, but not from NumPy.
    if math.prod(max(1, length) for length in shape) > _MOST:
        raise ValueError(f"{name}: the header says {_describe(shape, fields)}: too large")
    return tuple(shape)


def _describe(shape: Iterable[int], fields: Iterable[str]) -> str:
    return " x ".join(f"{length} {field}" for length, field in zip(shape, fields, strict=True))


def _read_at_most(stream: gzip.GzipFile, size: int) -> bytearray:
    """Return the next `size` bytes, or what there is.

    In pieces, because `read(size)` allocates what it is asked for: a header that lies would
    decide about the memory.
    """
    data = bytearray()
    while len(data) < size:
        chunk = stream.read(min(_CHUNK, size - len(data)))
        if not chunk:
            break
        data += chunk
    return data
