"""What calls of kernels are made of: memory, views, and objects that are not what they seem."""

from dataclasses import dataclass, field

import numpy as np

GUARD = 16  # elements before and after borrowed memory that nobody may touch
OF_THE_PROCESS = ("set_num_threads", "set_isa", "memory", "num_threads", "isas", "isa")


class RefusedError(Exception):
    """What the hostile objects raise themselves."""


class Raises:
    """An object whose conversions raise."""

    def _refuse(self, *_):
        raise RefusedError

    __index__ = __int__ = __float__ = __bool__ = __iter__ = __len__ = __array__ = _refuse
    __hash__ = object.__hash__

    def __repr__(self):
        return "Raises()"


class Lies:
    """An object whose conversions return something else."""

    def __index__(self):
        return "one"  # noqa: PLE0305

    __float__ = __index__

    def __repr__(self):
        return "Lies()"


class Whole(int):
    """A subclass of int."""


class Pair(tuple):
    """A subclass of tuple."""

    __slots__ = ()


class Array(np.ndarray):
    """A subclass of ndarray."""


INTS = (-1, 1, 2, 7, 33, 2**31, -(2**31) - 1, 2**62, 2**63 - 1, -(2**63), 2**63, 2**64, 2**100)
HOSTILE = (
    None, ..., object(), "x", "float16", b"float32", 1.5, float("nan"), float("inf"), 1j, True, [],
    (), {}, set(), (1, "a"), [None], [[0]], Raises(), Lies(), (Raises(),), (Lies(),), [Raises()],
    Whole(1), Pair((1,)), np.float32(1), np.int8(-1), np.int64(2**62), np.bool_(True), np.ones(()),
    np.ones(3), np.ones(3).view(Array), np.array(["a"]), np.array([None]), int, len, slice(1),
    range(3), memoryview(b"abc"), (0,) * 33, (1,) * 64, (2**31, 2**32), (2**63,), (-1,), *INTS,
)  # fmt: skip


@dataclass
class Block:
    """Memory of one dtype; borrowed memory has guards on both sides."""

    values: np.ndarray
    borrowed: bool

    def __repr__(self):
        return f"{'borrowed' if self.borrowed else 'own'} {self.values.dtype}"


@dataclass
class Strided:
    """A view of a block."""

    block: int
    shape: tuple
    strides: tuple
    offset: int
    readonly: bool


@dataclass
class Foreign:
    """A view of the other device."""

    shape: tuple
    dtype: str


@dataclass
class Call:
    """A call: the name of the kernel, its arguments, and the memory that they see.

    `typed` says whether every argument is of the kind that its parameter takes.
    """

    name: str
    arguments: list = field(default_factory=list)
    blocks: list = field(default_factory=list)
    written: list = field(default_factory=list)
    typed: bool = True
    large: bool = False
    isa: int = 0  # chooses the instruction set

    @property
    def compared(self):
        """Whether the devices' results must be equal: a long product depends on the order."""
        return self.name not in OF_THE_PROCESS and not (self.large and "prod" in self.name)
