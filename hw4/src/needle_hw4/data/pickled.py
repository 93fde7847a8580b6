"""Pickles of plain data: dicts, lists, numbers, text, bytes, and NumPy's arrays of bytes.

A pickle is a program for a machine with a stack, and Python's machine calls any function that it
names. The one here calls nothing. It has the instructions that occur in CIFAR's files, reads the
four names by which NumPy writes an array, and refuses the rest. What it makes takes memory in
proportion to the file, whatever sizes and positions the file speaks of.

The instructions are described in Python's module `pickletools`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from needle_hw4.data.pickled_array import NAMES, ByteType, Name, PickledArray, as_text


def read_fields(filename: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the dict that is pickled in a file, its keys as text.

    Its values are of the types dict, list, tuple, int, bool, None, str, bytes and
    `numpy.ndarray`, the last of dtype uint8, read-only, and only directly in this dict. The files
    may be written by Python 2, whose strings become bytes here, or by Python 3 with protocol 3
    or 4.

    Raises `ValueError`, which names the file and the byte, for anything else: other types, names
    of functions, a file that is cut off or goes on after its data. Nothing in the file is called.
    """
    try:
        fields = _Machine(Path(filename).read_bytes()).run_to_dict()
    except ValueError as error:
        raise ValueError(f"{os.fspath(filename)}: {error}") from error
    return {as_text(key): _finished(value) for key, value in fields.items()}


class _Machine:
    """The stack machine: `run` executes the program `content` and returns what it makes."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # the stacks below each mark
        self.memo: dict[int, Any] = {}

    def run_to_dict(self) -> dict[Any, Any]:
        """Return the one value that is left at the end; `ValueError` if it is no dict."""
        value = self.run()
        if type(value) is not dict:
            raise ValueError(f"it holds a {type(value).__name__}, not a dict of fields")
        return value

    def run(self) -> Any:
        """Return the one value that is left at the end."""
        content, instructions = self.content, _INSTRUCTIONS
        if not content.startswith(b"\x80"):
            raise ValueError(f"it begins with {content[:4]!r}, so it is no pickle of protocol 2 on")
        while True:
            start = self.position
            try:
                code = content[start]
                if code == _STOP:
                    break
                self.position += 1
                instructions[code](self)
            except IndexError as error:
                what = "ends too early" if start >= len(content) else "takes what is not there"
                raise ValueError(f"byte {start}: the pickle {what}") from error
            except KeyError as error:
                known = code in instructions
                what = f"reads memo {error}, which is empty" if known else f"has {bytes([code])!r}"
                raise ValueError(f"byte {start}: the pickle {what}") from error
            except ValueError as error:
                raise ValueError(f"byte {start}: {error}") from error
        if start + 1 != len(content):
            raise ValueError(f"byte {start + 1}: the file goes on after its data")
        if self.outer or len(self.stack) != 1:
            raise ValueError("the pickle ends with no single value")
        return self.stack[0]

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        end = self.position + size
        if end > len(self.content):
            left = len(self.content) - self.position
            raise ValueError(f"the pickle asks for {size} bytes more, the file has {left}")
        piece = self.content[self.position : end]
        self.position = end
        return piece

    def check_version(self, version: int) -> None:
        """Raise `ValueError` for a protocol whose instructions are not known here."""
        if not 2 <= version <= 4:
            raise ValueError(f"the protocol is one of 2, 3, 4, not {version}")

    def number(self, size: int, *, signed: bool = False) -> int:
        """Return the number in the next `size` bytes, the lowest first."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def line(self) -> str:
        """Return the text up to the end of the line."""
        end = self.content.find(b"\n", self.position)
        if end < 0:
            raise ValueError("a name has no end")
        return self.take(end + 1 - self.position)[:-1].decode()

    def push_name(self, module: Any, name: Any) -> None:
        """Push what stands for a function of NumPy."""
        wanted = f"{module} {name}" if type(module) is type(name) is str else "no text"
        if wanted not in NAMES:
            raise ValueError(
                f"the pickle names {wanted[:80]!r}; what is neither data nor NumPy's is refused"
            )
        self.stack.append(Name(NAMES[wanted]))

    def above_mark(self) -> list[Any]:
        """Return what was pushed since the last mark, and remove both."""
        values = self.stack
        self.stack = self.outer.pop()
        return values

    def append(self, values: list[Any]) -> None:
        """Append `values` to the list on the stack."""
        target = self.stack[-1]
        if type(target) is not list:
            raise ValueError(f"a {type(target).__name__} is no list")
        target += values

    def set_items(self, values: list[Any]) -> None:
        """Put keys and values, by turns, into the dict on the stack."""
        target, keys = self.stack[-1], values[::2]
        if type(target) is not dict or len(values) % 2:
            raise ValueError(f"{len(values)} keys and values for a {type(target).__name__}")
        # Other keys take time without bound: the hash of a tuple asks for those of its members.
        if not all(type(key) in (bytes, str) for key in keys):
            raise ValueError("a key is text or bytes")
        target.update(zip(keys, values[1::2], strict=True))

    def reduce(self) -> None:
        """Push an array or a dtype, where Python would call a function with its arguments."""
        arguments, function = self.stack.pop(), self.stack.pop()
        meaning = function.meaning if type(function) is Name else ""
        if type(arguments) is tuple and len(arguments) == 3:
            first = arguments[0]
            if meaning == "new array" and type(first) is Name and first.meaning == "array type":
                return self.stack.append(PickledArray())
            if meaning == "dtype" and as_text(first) == "u1":
                return self.stack.append(ByteType())
        raise ValueError("the pickle makes something else than an array of bytes (uint8)")

    def build(self) -> None:
        """Set the state of the array or the dtype on the stack."""
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is PickledArray:
            target.set(state)
        elif type(target) is not ByteType:
            raise ValueError(f"a {type(target).__name__} has no state to set")


def _finished(value: Any) -> Any:
    return value.values if type(value) is PickledArray else value


Instruction = Callable[[_Machine], None]


def _push(make: Callable[[_Machine], Any]) -> Instruction:
    return lambda machine: machine.stack.append(make(machine))


def _tuple_of(count: int) -> Instruction:
    def run(machine: _Machine) -> None:
        values = [machine.stack.pop() for _ in range(count)]
        machine.stack.append(tuple(values[::-1]))

    return run


def _tuple_above_mark(machine: _Machine) -> None:
    values = tuple(machine.above_mark())
    machine.stack.append(values)


def _put(index: Callable[[_Machine], int]) -> Instruction:
    def run(machine: _Machine) -> None:
        machine.memo[index(machine)] = machine.stack[-1]

    return run


def _skip_frame(machine: _Machine) -> None:
    machine.take(8)  # a size, for those who read from a stream


def _mark(machine: _Machine) -> None:
    machine.outer.append(machine.stack)
    machine.stack = []


def _name_on_stack(machine: _Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.push_name(module, name)


_STOP = ord(".")
# By the names that `pickletools` gives them.
_INSTRUCTIONS: dict[int, Instruction] = {
    ord(code): instruction
    for code, instruction in {
        b"\x80": lambda m: m.check_version(m.number(1)),  # PROTO
        b"\x95": _skip_frame,  # FRAME
        b"N": _push(lambda _: None),  # NONE
        b"\x88": _push(lambda _: True),  # NEWTRUE
        b"\x89": _push(lambda _: False),  # NEWFALSE
        b"K": _push(lambda m: m.number(1)),  # BININT1
        b"M": _push(lambda m: m.number(2)),  # BININT2
        b"J": _push(lambda m: m.number(4, signed=True)),  # BININT
        b"U": _push(lambda m: m.take(m.number(1))),  # SHORT_BINSTRING
        b"T": _push(lambda m: m.take(m.number(4))),  # BINSTRING
        b"C": _push(lambda m: m.take(m.number(1))),  # SHORT_BINBYTES
        b"B": _push(lambda m: m.take(m.number(4))),  # BINBYTES
        b"\x8c": _push(lambda m: m.take(m.number(1)).decode()),  # SHORT_BINUNICODE
        b"X": _push(lambda m: m.take(m.number(4)).decode()),  # BINUNICODE
        b"}": _push(lambda _: {}),  # EMPTY_DICT
        b"]": _push(lambda _: []),  # EMPTY_LIST
        b")": _push(lambda _: ()),  # EMPTY_TUPLE
        b"(": _mark,  # MARK
        b"t": _tuple_above_mark,  # TUPLE
        b"\x85": _tuple_of(1),  # TUPLE1
        b"\x86": _tuple_of(2),  # TUPLE2
        b"\x87": _tuple_of(3),  # TUPLE3
        b"a": lambda m: m.append([m.stack.pop()]),  # APPEND
        b"e": lambda m: m.append(m.above_mark()),  # APPENDS
        b"s": lambda m: m.set_items([m.stack.pop(), m.stack.pop()][::-1]),  # SETITEM
        b"u": lambda m: m.set_items(m.above_mark()),  # SETITEMS
        b"q": _put(lambda m: m.number(1)),  # BINPUT
        b"r": _put(lambda m: m.number(4)),  # LONG_BINPUT
        b"\x94": _put(lambda m: len(m.memo)),  # MEMOIZE
        b"h": _push(lambda m: m.memo[m.number(1)]),  # BINGET
        b"j": _push(lambda m: m.memo[m.number(4)]),  # LONG_BINGET
        b"c": lambda m: m.push_name(m.line(), m.line()),  # GLOBAL
        b"\x93": _name_on_stack,  # STACK_GLOBAL
        b"R": _Machine.reduce,  # REDUCE
        b"b": _Machine.build,  # BUILD
    }.items()
}
