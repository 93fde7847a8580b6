"""Call kernels with arguments drawn from a seed, on two devices, and check what they did.

    python hw3/tests/fuzz.py --seed 1 --calls 200000
    python hw3/tests/fuzz.py --seed 1 --first 4711 --calls 1     # one call again
    python hw3/tests/fuzz.py --device needle_hw3:cuda            # another device than cpu()

Every call has a generator of its own, made of the seed and its number. It may raise one of a few
exceptions and must then have changed nothing; else only elements of the view that it writes may
have changed. Both devices must agree, wherever the arguments are of the kinds that they take.
"""

import argparse
import contextlib
import faulthandler
import importlib
import random
import sys
import traceback
import warnings
from pathlib import Path

import fuzz_arguments as draw
import numpy as np
from fuzz_objects import GUARD, Foreign, RefusedError, Strided

import needle_hw3 as nd

ALLOWED = (TypeError, ValueError, IndexError, OverflowError, MemoryError, RefusedError)
UNTYPED = (
    *ALLOWED,
    AttributeError,
    BufferError,
    ArithmeticError,
)  # Python says so of a None that is no view
TOLERANCE = {"float32": 1e-3, "float64": 1e-10}  # of sums of products, in any order


class World:
    """The blocks of memory of a call, on one device, and its arguments there."""

    def __init__(self, kernels, blocks, other=None):
        self.kernels, self.other = kernels, other
        self.roots, self.borrowed = [], []
        for block in blocks:
            values = block.values.copy()
            inside = values[GUARD:-GUARD] if block.borrowed else values
            # A GPU borrows nothing: it has a copy of what lies between the guards.
            copied = not (block.borrowed and kernels.ON_HOST)
            self.roots.append(kernels.from_numpy(inside, copied))
            self.borrowed.append(values if block.borrowed else None)

    def memory(self):
        """Return the values that the blocks have now, those of the guards, too."""
        found = []
        for root, guarded in zip(self.roots, self.borrowed, strict=True):
            if guarded is not None and not self.kernels.ON_HOST:
                guarded[GUARD:-GUARD] = root.numpy()
            found.append(root.numpy() if guarded is None else guarded)
        return found

    def make(self, argument):
        """Return what stands for a drawn argument on this device."""
        if isinstance(argument, Strided):
            root = self.roots[argument.block]
            view = root.restride(argument.shape, argument.strides, argument.offset)
            return view.readonly() if argument.readonly else view
        if isinstance(argument, Foreign):
            return self.other.from_numpy(np.zeros(argument.shape, argument.dtype), True)
        if isinstance(argument, list):
            return [self.make(item) for item in argument]
        return argument

    def call(self, name, arguments):
        """Return the result of the call, or the exception that it raised."""
        holder, _, method = name.rpartition(".")
        function = getattr(self.kernels.View if holder else self.kernels, method)
        arguments = [self.make(argument) for argument in arguments]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                return function(*arguments)
            except Exception as error:
                return error


def places(strided, block):
    """Return the places in a block's memory that a view reaches, one for each element."""
    first = GUARD if block.borrowed else 0
    found = np.full(strided.shape, first + strided.offset)
    for axis, (size, stride) in enumerate(zip(strided.shape, strided.strides, strict=True)):
        steps = np.arange(size) * stride
        found = found + steps.reshape([-1 if i == axis else 1 for i in range(len(strided.shape))])
    return found.ravel()


def strided(arguments):
    """Return those arguments that are views of the call's memory."""
    return [argument for argument in arguments if isinstance(argument, Strided)]


def equal(a, b):
    """Return whether two ndarrays have one dtype, one shape and, within rounding, equal values."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    tolerance = TOLERANCE[a.dtype.name]
    with np.errstate(all="ignore"):
        return np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def comparable(result, call, kernels):
    """Return a result as what `same` compares."""
    if isinstance(result, kernels.View):
        values = result.numpy()
        if call.name == "empty":  # nobody knows the values
            values = np.empty((0, *values.shape), values.dtype)
        axes = [axis for axis in zip(result.shape, result.strides, strict=True) if axis[0] > 1]
        return values, axes if draw.makes_new(call.name) and 0 not in result.shape else None
    if isinstance(result, list | tuple):
        return [comparable(item, call, kernels) for item in result]
    return result


def same(a, b):
    """Return whether two results agree."""
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return equal(a, b)
    return type(a) is type(b) and a == b


def check_memory(call, world, raised):
    """Raise `AssertionError` if other memory changed than the call may change."""
    for number, (block, now) in enumerate(zip(call.blocks, world.memory(), strict=True)):
        may_change = np.zeros(block.values.shape, bool)
        for view in strided(call.written):
            if not raised and view.block == number and not view.readonly:
                may_change[places(view, block)] = True
        before, after = (np.ascontiguousarray(x) for x in (block.values, now))
        changed = (before.view(np.uint8) != after.view(np.uint8)).reshape(before.size, -1).any(1)
        wrong = np.flatnonzero(changed & ~may_change)
        assert wrong.size == 0, f"block {number} was changed at {wrong.tolist()}"


def repeats(call):
    """Return whether a view that the call writes has one place for several elements."""
    found = [places(view, call.blocks[view.block]) for view in strided(call.written)]
    return any(np.unique(reached).size != reached.size for reached in found)


def check_devices(call, worlds, results):
    """Raise `AssertionError` unless the devices agree."""
    tuples = [x for x in call.arguments if isinstance(x, tuple)]
    if any(max(x, default=0) > 2**40 for x in tuples) and not all(
        isinstance(result, Exception) for result in results
    ):
        return  # views that repeat one element or have none: NumPy limits their sizes
    errors = [isinstance(result, Exception) for result in results]
    if all(errors):
        a, b = map(type, results)
        assert issubclass(a, b) or issubclass(b, a), f"{a.__name__} here, {b.__name__} there"
        return
    assert not any(errors), "one device raised"
    if repeats(call):
        return  # which of several writes to a place is the last is not defined
    found = [comparable(r, call, w.kernels) for r, w in zip(results, worlds, strict=True)]
    assert same(*found), "the results differ"
    for a, b in zip(worlds[0].memory(), worlds[1].memory(), strict=True):
        assert equal(a, b), "the memory written differs"


def is_comparable(call, devices):
    """Return whether the devices must agree: GPUs have other tiles, and share no ndarrays."""
    attribute = {"matmul_tiled": "TILE", "from_numpy": "ON_HOST"}.get(call.name)
    alike = attribute is None or len({getattr(x, attribute) for x in devices}) == 1
    return call.typed and call.compared and alike


def check(call, devices):
    """Make one call on every device; raise `AssertionError` for what must not happen."""
    if not devices[0].ON_HOST and repeats(call):
        return  # a race there, and `NDArray` writes no such view
    instruction_sets = devices[0].isas()
    devices[0].set_isa(instruction_sets[call.isa % len(instruction_sets)])
    devices[0].set_num_threads(2)
    worlds = [
        World(kernels, call.blocks, other)
        for kernels, other in zip(devices, reversed(devices), strict=True)
    ]
    results = []
    for world in worlds:
        result = world.call(call.name, call.arguments)
        results.append(result)
        raised = isinstance(result, Exception)
        if raised:
            allowed = ALLOWED if call.typed else UNTYPED
            assert isinstance(result, allowed), "an exception that must not come out"
        check_memory(call, world, raised)
    try:
        if is_comparable(call, devices):
            check_devices(call, worlds, results)
    except AssertionError as error:
        lines = [
            f"{world.kernels.__name__}: {comparable(result, call, world.kernels)!r}"
            for world, result in zip(worlds, results, strict=True)
        ]
        raise AssertionError("\n".join([str(error), *lines])) from None


def main():
    """Run the calls that the command line asks for; exit with 1 after the first wrong ones."""
    parser = argparse.ArgumentParser(description="Call kernels with hostile arguments.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--device", default="needle_hw3:cpu", help="as MODULE:FUNCTION")
    parser.add_argument("--log", type=Path, help="where each call is written before it is made")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many")
    options = parser.parse_args()
    faulthandler.enable()
    module, _, factory = options.device.partition(":")
    device = getattr(importlib.import_module(module), factory)()
    devices = [device.kernels, nd.cpu_numpy().kernels]
    names = draw.names_of(devices)
    failures = compared = 0
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(options.log.open("w")) if options.log else None
        for number in range(options.first, options.first + options.calls):
            call = draw.draw_call(random.Random(f"{options.seed}:{number}"), names, devices[0].TILE)
            text = f"seed {options.seed}, call {number}: {call}"
            if log:
                log.seek(0)
                log.truncate()
                log.write(text)
                log.flush()
            try:
                check(call, devices)
            except Exception:
                failures += 1
                sys.stdout.write(f"{text}\n{traceback.format_exc(limit=-1)}\n")
                if failures >= options.failures:
                    break
            compared += is_comparable(call, devices)
    sys.stdout.write(f"{options.calls} calls, {compared} compared, {failures} failures\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
