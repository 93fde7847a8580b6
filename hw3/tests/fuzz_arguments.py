"""Draw calls of kernels: fitting arguments, nearly fitting ones and hostile ones."""

import inspect

import fuzz_images as images
import fuzz_layers as layers
import numpy as np
from fuzz_objects import GUARD, HOSTILE, INTS, Block, Call, Foreign, Strided

CAPACITY = 150  # elements that views choose from, mostly
MANY = 30_000  # and in calls that are large enough for tiles, vectors and threads
FLOATS = ("float32", "float64")
DTYPES = ("bool", "uint8", "int32", "int64", *FLOATS)
METHODS = {
    "View.restride": ("self", "shape", "strides", "offset"),
    "View.readonly": ("self",),
    "View.numpy": ("self",),
}
# NumPy's einsum adds up what is multiplied by one broadcast number first: (1 - 1) inf is nan.
FINITE = ("matmul_tiled", *layers.SHAPES, *images.NAMES)
VIEWS = ("self", "a", "b", "out", "dst", "src", "condition", "values")


def makes_new(name):
    """Return whether the results of a kernel are new, and lie alike on every device."""
    return name != "from_numpy" and not name.startswith("View.")


def names_of(devices):
    """Return the parameters' names of every kernel, by its name: NumPy's kernels say them."""
    specified = vars(devices[1])
    kernels = {
        name: tuple(inspect.signature(value).parameters)
        for name, value in sorted(specified.items())
        if inspect.isfunction(value) and not name.startswith("_") and hasattr(devices[0], name)
    }
    return {**kernels, **METHODS}


def reach(shape, strides):
    """Return the places of the first and the last element of a view, from its offset."""
    ends = [(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]
    return sum(end for end in ends if end < 0), sum(end for end in ends if end > 0)


def values_of(rng, dtype, size, finite=False):
    """Return `size` values of a dtype, among them the extreme ones of their kind."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        choice = (False, True)
    elif kind == "f":  # quarters: their sums and products are exact
        choice = tuple(i / 4 for i in range(-16, 17))
        if not finite:
            choice = (*choice, -0.0, float("nan"), float("inf"), -float("inf"))
    else:
        limits = np.iinfo(dtype)
        choice = (limits.min, limits.max, *(i for i in range(-3, 9) if i >= limits.min))
    return np.array(rng.choices(choice, k=size), dtype)


class Drawer:
    """Draws the arguments of one call."""

    def __init__(self, rng, call, side):
        self.rng, self.call, self.side = rng, call, side
        self.dtype = rng.choice(DTYPES)
        self.capacity = MANY if call.large else CAPACITY
        self.shape = tuple(self.sizes(rng.choice((0, 1, 2, 2, 3))))
        number = rng.choice((0, 1, 1, 2, 3, 70 if call.large else 4))
        self.shapes = [tuple(self.sizes(rng.choice((0, 1, 2)))) for _ in range(number)]
        self.letters = dict(zip("md", self.sizes(2), strict=True))
        self.images = images.Images(rng, call.name)
        self.tiles = [side * rng.randint(0, 2) for _ in range(3)]  # m, n and p
        self.inner = rng.choice((0, 1, 2, 5, 70))  # the axis that a matmul adds up

    def sizes(self, ndim):
        sizes = (1, 17, 33, 64, 100) if self.call.large and ndim < 3 else (0, 1, 1, 2, 2, 3, 4)
        return [self.rng.choice(sizes) for _ in range(ndim)]

    def rarely(self, chance=0.08):
        return self.rng.random() < chance

    def block(self, dtype, values=None):
        """Return the number of a block of `dtype`: often one that the call has already."""
        known = [n for n, x in enumerate(self.call.blocks) if x.values.dtype == dtype]
        if known and values is None and self.rng.random() < 0.5:
            return self.rng.choice(known)
        borrowed = self.rng.random() < 0.5
        size = self.capacity + 2 * GUARD * borrowed
        if values is None:
            drawn = values_of(self.rng, dtype, size, finite=self.call.name in FINITE)
        else:
            drawn = np.resize(values, size)
        self.call.blocks.append(Block(drawn, borrowed))
        return len(self.call.blocks) - 1

    def strides(self, shape):
        order = list(range(len(shape)))
        if self.rng.random() < 0.5:
            self.rng.shuffle(order)
        strides, step = [0] * len(shape), self.rng.choice((1, 1, 1, 2))
        for axis in order:
            strides[axis] = step * self.rng.choice((1, 1, 1, -1))
            step *= max(shape[axis], 1)
        if self.rarely(0.1) and strides:  # elements that repeat, or overlap
            strides[self.rng.randrange(len(strides))] = self.rng.choice((0, 0, 1, 3))
        return strides

    def strided(self, shape, dtype, values=None):
        strides = self.strides(shape)
        if self.rarely(0.05):  # what an axis of size 1 may have
            strides = [2**62 if size == 1 else s for size, s in zip(shape, strides, strict=True)]
        low, high = reach(shape, strides)
        if high - low >= self.capacity:
            strides, low, high = [0] * len(shape), 0, 0
        last = self.capacity - 1 - high
        offset = 0 if 0 in shape else self.rng.choice((-low, last, self.rng.randint(-low, last)))
        return Strided(self.block(dtype, values), tuple(shape), tuple(strides), offset,
                       self.rarely())  # fmt: skip

    def fitting(self, shape):
        """Return a shape that broadcasts to `shape`, mostly; often itself."""
        if self.rarely():
            return tuple(self.sizes(self.rng.randint(0, 3)))
        if self.rng.random() < 0.6:
            return shape
        narrow = tuple(self.rng.choice((1, size)) for size in shape)
        return narrow[self.rng.randint(0, len(narrow)) :]

    def view(self, parameter):
        dtype = self.rng.choice(DTYPES) if self.rarely() else self.dtype
        shape = self.fitting(self.shape)
        if parameter in ("a", "out", "dst") and not self.rarely():
            shape = self.shape
        if parameter == "condition" and not self.rarely():
            dtype = "bool"
        name = self.call.name
        if parameter == "out" and not self.rarely() and is_comparison(name):
            dtype = "bool"
        if name == "matmul" and not self.rarely():
            other = self.rng.choice((0, 1, 2, 5, 33))
            tail = (other, self.inner) if parameter == "a" else (self.inner, other)
            shape = (*self.fitting(self.shape[:1]), *tail)
        if name == "matmul_tiled" and not self.rarely():
            m, n, p = (size // self.side for size in self.tiles)
            shape = (*((m, n) if parameter == "a" else (n, p)), self.side, self.side)
            dtype = "float32"
        return self.strided(shape, dtype)

    def layer_views(self, parameter):
        if parameter == "velocities" and self.rarely(0.3):
            return None
        count = len(self.shapes) + self.rng.choice((-1, 1)) * self.rarely(0.02)
        shapes = [*self.shapes, self.shape[:2]][: max(count, 0)]
        return [self.layer_view(parameter, shape) for shape in shapes]

    def layer_view(self, parameter, shape=None):
        letters = layers.SHAPES[self.call.name][parameter]
        shape = layers.shape_of(letters, self.letters, self.shape[:2] if shape is None else shape)
        if self.rarely(0.04):
            shape = self.fitting(shape)
        if parameter == "labels":
            labels = self.indices(shape, self.letters["d"])
            block = self.call.blocks[labels.block]
            if not self.rarely():
                block.values = np.abs(block.values)
            return labels
        if self.dtype not in FLOATS and not self.rarely():
            self.dtype = self.rng.choice(FLOATS)
        dtype = self.rng.choice(DTYPES) if self.rarely(0.04) else self.dtype
        if parameter == "variance":  # which is at least 0
            positive = np.abs(values_of(self.rng, "float64", 20, finite=True))
            return self.strided(shape, dtype, positive.astype(dtype))
        if parameter in ("ms", "vs", "velocities") and not self.rarely(0.1):  # which lie apart
            return self.strided(shape, dtype, values_of(self.rng, dtype, 20, finite=True))
        return self.strided(shape, dtype)

    def image_argument(self, parameter):
        if parameter not in ("x", "w", "dy", "places"):
            return self.images.number(parameter, self.call.name)
        shape = self.images.shape_of(parameter)
        shape = self.fitting(shape) if self.rarely(0.02) else shape
        if parameter == "places":
            return self.indices(shape, self.images.image[0] * self.images.image[1])
        if self.dtype not in FLOATS and not self.rarely(0.02):
            self.dtype = self.rng.choice(FLOATS)
        return self.strided(shape, self.dtype)

    def indices(self, dims, size):
        """Return a view of indices of an axis of `size`, of `dims` axes."""
        low, high = (-size, size - 1) if size and not self.rarely(0.15) else (-4, 4)
        values = [self.rng.randint(low, high) for _ in range(20)]
        if self.rarely(0.03):
            values[0] = self.rng.choice((2**63 - 1, -(2**63), 2**32))
        dtype = self.rng.choice(DTYPES) if self.rarely() else "int64"
        shape = dims if isinstance(dims, tuple) else tuple(self.sizes(dims))
        return self.strided(shape, dtype, np.array(values).astype(dtype))

    def axis(self, ndim):
        if self.rarely() or ndim == 0:
            return self.rng.choice((0, -1, ndim, -ndim - 1, *INTS[:-3]))
        return self.rng.randrange(ndim)

    def number(self):
        if self.rarely(0.15):
            return self.rng.choice((*INTS, 1.5, True, float("nan"), 1e300, np.float32(2)))
        return values_of(self.rng, self.dtype, 1)[0].item()

    def argument(self, parameter):
        """Return a fitting or nearly fitting argument for a parameter."""
        if parameter in layers.SHAPES.get(self.call.name, {}):
            draw = self.layer_views if parameter in layers.LISTS else self.layer_view
            return draw(parameter)
        if self.call.name in images.NAMES:
            return self.image_argument(parameter)
        if self.call.name in layers.SHAPES and parameter in layers.NUMBERS:
            return self.rng.choice(layers.NUMBERS[parameter])
        if parameter in VIEWS:
            return self.view(parameter)
        if parameter in ("m", "n", "p") and not self.rarely():
            return self.tiles["mnp".index(parameter)]
        draw = {
            "indices": self.index_views, "axis": lambda: self.axis(len(self.shape)),
            "axes": self.axes, "shape": self.any_sizes, "strides": self.any_sizes,
            **dict.fromkeys(("offset", "m", "n", "p", "threads"), self.whole),
            **dict.fromkeys(("keepdims", "descending", "reflected", "copy"), self.choice),
            "dtype": self.dtype_name, "value": self.number, "array": self.array,
        }.get(parameter, self.hostile)  # fmt: skip
        return draw()

    def index_views(self):
        ndim, name = len(self.shape), self.call.name
        if name in ("gather", "scatter", "scatter_add"):
            count = self.rng.randint(0 if self.rarely() else 1, max(ndim, 1) + self.rarely())
            shape = tuple(self.sizes(self.rng.choice((0, 1, 1, 2))))
            return [self.indices(shape, size) for size in (*self.shape, 2)[:count]]
        size = min(self.shape, default=1)
        if name == "take":
            return self.indices(ndim if self.rarely() else 1, size)
        return self.indices(self.fitting(self.shape), size)

    def axes(self):
        ndim = len(self.shape)
        axes = [self.axis(ndim) for _ in range(self.rng.randint(0, ndim + 1))]
        return tuple(axes if self.rarely() else dict.fromkeys(axes))

    def any_sizes(self):
        sizes = self.sizes(self.rng.choice((len(self.shape), len(self.shape), 2)))
        if self.rarely(0.15):
            sizes.append(self.rng.choice((-1, 0, 2**45, 2**62, -(2**63), 2**63 - 1)))
        return tuple(sizes)

    def whole(self):
        return self.rng.choice((0, 0, 1, 3, 8, 16, CAPACITY, *INTS[:-3]))

    def choice(self):
        return self.rng.random() < 0.5

    def dtype_name(self):
        return self.rng.choice(("float16", "", "complex64") if self.rarely() else DTYPES)

    def array(self):
        """Return an ndarray of some dtype, order, byte order and alignment."""
        dtype = self.rng.choice((*DTYPES, "float16", "int8", "complex64", ">f4", "<i8", "S3"))
        array = np.zeros(self.shape, dtype)
        if self.rarely(0.3):
            array = np.zeros((*self.shape, 16), "uint8")[..., 1 : 1 + array.itemsize].view(dtype)
        elif self.rarely(0.3):
            array = array.T[..., ::-1] if array.ndim else array
        array.flags.writeable = not self.rarely()
        return array

    def hostile(self):
        """Return what no parameter expects, or almost none."""
        self.call.typed = False
        if self.rarely(0.1):
            return Foreign((2,), self.dtype)
        if self.rarely(0.1):
            return [self.strided(self.shape, self.dtype), *self.rng.choices(HOSTILE, k=1)]
        return self.rng.choice(HOSTILE)


def is_comparison(name):
    """Return whether a binary kernel gives bool."""
    return name.partition("_")[0] in ("equal", "not", "less", "greater", "logical")


def draw_call(rng, names, side):
    """Return a random call of one of the kernels `names`; matmul_tiled's tiles are of `side`."""
    name = rng.choice(list(names))
    call = Call(name, large=rng.random() < 0.02, isa=rng.randrange(6))
    drawer = Drawer(rng, call, side)
    hostile = rng.random() < 0.25
    for parameter in names[name]:
        argument = drawer.argument(parameter)
        if hostile and rng.random() < 0.4:
            argument = drawer.hostile()
        if parameter in layers.WRITTEN.get(name, ("out", "dst")) or (
            parameter == "a" and name.startswith("scatter")
        ):
            call.written.extend(argument if isinstance(argument, list) else [argument])
        call.arguments.append(argument)
    if hostile and drawer.rarely(0.2):
        call.typed = False
        if rng.random() < 0.5:
            call.arguments.append(drawer.hostile())
        elif call.arguments:
            call.arguments.pop()
    return call
