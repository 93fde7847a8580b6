"""What several files of checks need: sizes, and arrays as the package has them."""

import numpy as np


def some_sizes(rng, count, low, high):
    """Return `count` sizes of axes, from `low` to less than `high`."""
    return tuple(rng.integers(low, high, count).tolist())


def view_of(kernels, x):
    """Return a view, for the kernels in C++, of the memory of `x`, whatever its strides."""
    return kernels.from_numpy(x, False)


def product(stage, x, y):
    """Return the product of two arrays of NumPy, of any strides, by the kernel in C++."""
    kernels = stage.module("_cpu")
    return kernels.matmul(view_of(kernels, x), view_of(kernels, y))


def in_tiles(matrix, side):
    """Return a matrix as tiles with `side` rows and columns each."""
    rows, columns = (size // side for size in matrix.shape)
    tiles = matrix.reshape(rows, side, columns, side).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiles)


def tiled_product(kernels, x, y):
    """Return, in tiles, the product of two arrays of NumPy, which the kernel gets in tiles, too."""
    a, b = (kernels.from_numpy(in_tiles(z, kernels.TILE), True) for z in (x, y))
    return kernels.matmul_tiled(a, b, *x.shape, y.shape[1])


def with_gaps(rng, count):
    """Return an array with `count` axes that is not compact, and the memory it lies in."""
    shape = some_sizes(rng, count, 3, 6)
    memory = rng.standard_normal(int(np.prod(shape)) * 2**count)
    return memory.reshape([2 * size for size in shape])[(slice(1, -1),) * count], memory


def layout_of(stage, view, memory):
    """Return how `view`, which NumPy made of the flat array `memory`, lies there."""
    first = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    strides = tuple(step // memory.itemsize for step in view.strides)
    return stage.module("layout").Layout(view.shape, strides, first // memory.itemsize)


def read(memory, layout):
    """Return the elements of `memory` that a layout chooses; IndexError if it leaves the memory."""
    shape, strides, offset = layout
    places = np.array(offset)
    for size, step in zip(shape, strides, strict=True):
        places = places[..., None] + step * np.arange(size)
    if places.size and not 0 <= places.min() <= places.max() < memory.size:
        raise IndexError(
            f"shape {shape} with strides {strides} and offset {offset} reaches from place "
            f"{places.min()} to {places.max()} of {memory.size} elements of memory"
        )
    return memory[places]


def on_numpy(stage, x):
    """Return an array over the memory of `x`, on the device whose kernels are NumPy's."""
    return stage.asarray(x, device=stage.cpu_numpy())
