"""The computational graph and reverse-mode differentiation of it.

An `Op` knows how to compute and how to differentiate; a `Value` is what an op made, and
remembers the op and its inputs. Nothing here knows what a value holds.

Who owns whom: a value owns its inputs, and a leaf owns its `.grad`. A gradient is itself a value
whose graph leads back to the leaf, so if graphs owned leaves, every training step would leave a
reference cycle for the garbage collector. Hence a graph holds a leaf's *stand-in*: a value with
the same array that knows its owner only weakly. Users see the leaf itself in `inputs`.

      leaf ──► .grad ──► graph of the gradient ──► stand-in ╌╌weak╌╌► leaf
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, NamedTuple, TypeVar

from needle_hw1.array_api import Array
from needle_hw1.quiet import quiet


class GraphMode(NamedTuple):
    """How operations run in the current thread or task."""

    record: bool = True  # remember how values were made, so that they can be differentiated
    lazy: bool = False  # compute a value only when its data or shape is asked for


_mode: ContextVar[GraphMode] = ContextVar("needle_graph_mode", default=GraphMode())


@contextmanager
def graph_mode(mode: GraphMode) -> Iterator[None]:
    """Run operations in `mode` inside a `with` block (or a decorated function)."""
    token = _mode.set(mode)
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Record no graph: results inside the `with` block are constants."""
    with graph_mode(_mode.get()._replace(record=False)):
        yield


@contextmanager
def lazy() -> Iterator[None]:
    """Defer computation inside the `with` block until data or a shape is asked for."""
    with graph_mode(_mode.get()._replace(lazy=True)):
        yield


def is_recording() -> bool:
    """Return whether results remember how they were made, in the current thread or task."""
    return _mode.get().record


class Op:
    """An operation: how to compute its result, and how to differentiate it.

    Calling an op on values makes a new value, of the class that declared `made_by` this kind of
    op (ops stand below the classes that they make, so they cannot import them).
    """

    result_type: ClassVar[type[Value]]

    def __call__(self, *inputs: Value) -> Any:
        """Return the value that this op makes of `inputs`."""
        # Written out, not composed: this is nearly all of the time of a small operation.
        mode = _mode.get()
        value = Value.__new__(self.result_type)
        value.grad = value._stand_in = value._owner = None
        try:
            if mode.lazy:
                value._defer(self, inputs, mode.record)
                return value
            inputs = self.align(inputs)
            arrays = []
            requires_grad = has_leaf = False
            for x in inputs:
                array = x.cached_data
                arrays.append(x.realize_cached_data() if array is None else array)
                if x.requires_grad:
                    requires_grad = True
                    if x.op is None:
                        has_leaf = True
        except AttributeError:
            _check_are_values(self, inputs)
            raise
        value.cached_data = self.run(arrays)
        if requires_grad and mode.record:
            value.op = self
            value._inputs = tuple([x._for_graph() for x in inputs]) if has_leaf else inputs
            value.requires_grad = True
        else:  # a constant: nothing to differentiate
            value.op = None
            value._inputs = ()
            value.requires_grad = False
        return value

    def compute(self, *arrays: Array) -> Any:
        """Return the result for the inputs' arrays."""
        raise NotImplementedError(f"{type(self).__name__}.compute")

    def gradient(self, out_grad: Any, node: Any) -> Any:
        """Return the vector-Jacobian product for each input of `node`.

        For y = op(x_1, ..., x_n) and a loss L, `out_grad` is dL/dy and has the shape of y = `node`;
        the result is dL/dx_i for each i, of the shape of x_i: one value, or a tuple of n, with None
        for an input that needs no gradient. It is built of ops, so it can be differentiated again.
        """
        raise NotImplementedError(f"{type(self).__name__}.gradient")

    def gradient_as_tuple(self, out_grad: Any, node: Any) -> tuple[Any, ...]:
        """Return `gradient` as a tuple, also for an op of one input."""
        grads = self.gradient(out_grad, node)
        if isinstance(grads, tuple):
            return grads
        return tuple(grads) if isinstance(grads, list) else (grads,)

    def align(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return `inputs` as `compute` wants them; elementwise ops broadcast them here."""
        return inputs

    def run(self, arrays: list[Array]) -> Any:
        """Return what a value made by this op holds: `compute`, and what a kind of op adds."""
        return self.compute(*arrays)


V = TypeVar("V", bound="Value")


class Value:
    """A node of the computational graph: an array, and how it was made.

    `op` is None and `inputs` is empty for a leaf, which is made by the user. `cached_data` is None
    for a deferred value until `realize_cached_data()`. `grad` is filled by differentiation on
    leaves that require it, and on other nodes that asked with `retain_grad()`.
    """

    __slots__ = (
        "__weakref__",
        "_inputs",
        "_owner",
        "_stand_in",
        "cached_data",
        "grad",
        "op",
        "requires_grad",
    )

    op: Op | None
    cached_data: Any
    requires_grad: bool
    grad: Any
    _inputs: tuple[Value, ...]
    _stand_in: Value | None  # of a leaf, once a graph uses it
    _owner: weakref.ref[Value] | None  # whose .grad backward fills: of a stand-in, its leaf
    _made_type: ClassVar[type[Value]]

    def __init_subclass__(cls, made_by: type[Op] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if made_by is not None:
            made_by.result_type = cls
            cls._made_type = cls

    def _init(
        self, op: Op | None, inputs: tuple[Value, ...], cached_data: Any, requires_grad: bool
    ) -> None:
        self.op = op
        self._inputs = inputs
        self.cached_data = cached_data
        self.requires_grad = requires_grad
        self.grad = None
        self._stand_in = None
        self._owner = None

    @classmethod
    def make_const(cls: type[V], data: Any, *, requires_grad: bool = False) -> V:
        """Return a leaf that holds `data`, an array or that of a value, without a copy."""
        if isinstance(data, Value):
            data = data.realize_cached_data()
        value = cls.__new__(cls)
        value._init(None, (), data, requires_grad)
        return value

    @classmethod
    def make_from_op(cls, op: Op, inputs: tuple[Any, ...]) -> Any:
        """Return the value of `op` on `inputs`."""
        return op(*inputs)

    def _defer(self, op: Op, inputs: tuple[Any, ...], record: bool) -> None:
        """Make this the result of `op`, to be computed when it is asked for."""
        self.op = op
        self._inputs = tuple([x._for_graph() for x in inputs])
        self.cached_data = None
        self.requires_grad = record and any(x.requires_grad for x in inputs)

    def realize_cached_data(self) -> Any:
        """Return the array, computing it and what it depends on if that was deferred."""
        if self.cached_data is None:
            for node in _post_order([self], deferred=True):
                node._compute_deferred()
        return self.cached_data

    def _compute_deferred(self) -> None:
        op: Any = self.op
        with graph_mode(GraphMode(record=self.requires_grad)):
            made = op(*self._inputs)
        self.op, self._inputs = made.op, made._inputs
        self.cached_data, self.requires_grad = made.cached_data, made.requires_grad

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The values that `op` was called on."""
        for x in self._inputs:
            if x._owner is not None:
                return tuple([x._original() for x in self._inputs])
        return self._inputs

    @property
    def num_outputs(self) -> int:
        """The number of tensors that this value holds."""
        return 1

    def is_leaf(self) -> bool:
        """Return whether this value was made by the user rather than by an op."""
        return self.op is None

    def retain_grad(self) -> None:
        """Keep `.grad` here too, although an op made this value.

        The kept gradient refers to the graph and the graph to this value: a cycle, which is freed
        by the garbage collector, or when `.grad` is set to None.
        """
        if self.op is not None:
            self._owner = weakref.ref(self)

    def _check_gradient(self, grad: Any, op: Op, position: int) -> None:
        """Raise if `grad`, from `op`, cannot be the gradient of this, its input at `position`."""

    def _plus_in_place(self, other: Any) -> Any:
        """Return the sum of this and `other`, in this value's own memory where that is possible."""
        return self + other

    def _original(self) -> Value:
        """Return the leaf that this stands in for, unless it is gone or holds other data now."""
        owner = None if self._owner is None else self._owner()
        return self if owner is None or owner.cached_data is not self.cached_data else owner

    def _for_graph(self) -> Value:
        """Return what a graph holds in place of this value: a stand-in for a leaf."""
        if self.op is not None or not self.requires_grad or self._owner is not None:
            return self
        stand_in = self._stand_in
        if stand_in is None or stand_in.cached_data is not self.cached_data:
            stand_in = self._made_type.make_const(self.cached_data, requires_grad=True)
            stand_in._owner = weakref.ref(self)
            self._stand_in = stand_in
        return stand_in


def _check_are_values(op: Op, inputs: tuple[Any, ...]) -> None:
    for position, value in enumerate(inputs):
        if not isinstance(value, Value):
            kind = type(value).__name__
            raise TypeError(f"{type(op).__name__} takes tensors, but input {position} is {kind}")


def find_topo_sort(node_list: Iterable[Value]) -> list[Value]:
    """Return `node_list` and all that it was made from, each once, inputs before their results.

    The order is that of a depth-first search that visits inputs from left to right and lists a
    value after its inputs.
    """
    roots = [value._for_graph() for value in node_list]
    return [value._original() for value in _post_order(roots)]


def _post_order(
    roots: list[Value], *, deferred: bool = False, until: frozenset[int] = frozenset()
) -> list[Value]:
    """Return `roots` and what they were made from, in depth-first post-order.

    With `deferred`, values that are computed already are left out, and all behind them; with
    `until`, what lies behind the values of those ids.

    A stack instead of recursion: a chain of 100,000 operations is not unusual. A value is taken
    from it twice, first to push its inputs above itself, then, under the mark None, to be listed.
    """
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[Any] = roots[::-1]
    while stack:
        value = stack.pop()
        if value is None:
            order.append(stack.pop())
            continue
        if id(value) in seen:
            continue
        seen.add(id(value))
        inputs = value._inputs
        if deferred:
            inputs = tuple([x for x in inputs if x.cached_data is None])
        elif id(value) in until:
            inputs = ()
        if inputs:
            stack += (value, None, *reversed(inputs))
        else:
            order.append(value)
    return order


def compute_gradient_of_variables(
    output_tensor: Value, out_grad: Any, *, accumulate: bool = False, create_graph: bool = True
) -> None:
    r"""Set `.grad` of every leaf below `output_tensor` that requires one.

    `out_grad` is the gradient of the loss with respect to `output_tensor`. Nodes are visited so
    that all uses of a node come before it; the gradient of a node is the sum over its uses:

    .. math:: \bar x = \sum_{y \text{ made of } x} \bar y \, \frac{\partial y}{\partial x}

    A previous `.grad` is replaced, or added to if `accumulate`. The new one is a tensor of a new
    graph that can be differentiated again, or a constant if `create_graph` is false.
    """
    output_tensor.realize_cached_data()  # derivatives look at values
    root = output_tensor._for_graph()
    grads = {id(root): out_grad}
    order = _post_order([root])
    mode = _mode.get()
    mode = mode._replace(record=mode.record and create_graph)
    summed: set[int] | None = None if mode.record else set()
    stored: set[int] = set()  # a leaf has another stand-in for each array that it held
    with graph_mode(mode), quiet():
        for node in reversed(order):
            grad = grads.pop(id(node), None)
            if grad is None:
                continue
            leaf = None if node._owner is None else node._owner()
            if leaf is not None:  # nobody can ask for the gradient of a leaf that is gone
                _store_grad(leaf, grad, accumulate or id(leaf) in stored)
                stored.add(id(leaf))
            if node.op is not None:
                _add_contributions(node, grad, grads, summed)


def vector_jacobian_product(
    output: Value, inputs: Iterable[Value], out_grad: Any
) -> tuple[Any, ...]:
    """Return the gradient of each of `inputs`, whatever they were made from themselves.

    It is None for one on which `output` does not depend, and for all but the first mention of one
    that is named several times. So an op can state its gradient as that of a formula.
    """
    output.realize_cached_data()  # until then, a deferred formula lacks what aligning inserts
    targets = [x._for_graph() for x in inputs]
    until = frozenset(map(id, targets))
    root = output._for_graph()
    grads = {id(root): out_grad}
    summed: set[int] | None = None if is_recording() else set()
    for node in reversed(_post_order([root], until=until)):
        if node.op is not None and id(node) not in until and id(node) in grads:
            _add_contributions(node, grads.pop(id(node)), grads, summed)
    return tuple([grads.pop(id(x), None) for x in targets])


def _store_grad(leaf: Value, grad: Any, accumulate: bool) -> None:
    leaf.grad = leaf.grad + grad if accumulate and leaf.grad is not None else grad


def _add_contributions(
    node: Value, out_grad: Any, grads: dict[int, Any], summed: set[int] | None
) -> None:
    """Add, to the `grads` of each input of `node`, the part that comes through `node`.

    `summed` is None if the sums are recorded. Otherwise it has the inputs whose grad is a sum
    already: its array belongs to nobody else, and more can be added in place.
    """
    op: Any = node.op
    parts = op.gradient_as_tuple(out_grad, node)
    if len(parts) != len(node._inputs):
        raise ValueError(
            f"{type(op).__name__}.gradient returned {len(parts)} gradients "
            f"for {len(node._inputs)} inputs"
        )
    for position, x in enumerate(node._inputs):
        part = parts[position]
        if part is None or not x.requires_grad:
            continue
        if not isinstance(part, Value):
            raise TypeError(
                f"{type(op).__name__}.gradient returned {type(part).__name__} for input "
                f"{position}; a gradient is a tensor, made of ops"
            )
        x._check_gradient(part, op, position)
        key = id(x)
        known = grads.get(key)
        if known is None:
            grads[key] = part
        elif summed is not None and key in summed:
            grads[key] = known._plus_in_place(part)
        else:
            grads[key] = known + part
            if summed is not None:
                summed.add(key)
