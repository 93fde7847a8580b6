"""Operators at the edge: errors, masks, whole numbers, what tuples do."""

import math

import numpy as np
import pytest

import needle_hw1
import needle_hw4 as ndl
from needle_hw4 import Tensor, ops
from needle_shared.testing import assert_close, gradient_check, reuse_check

INF, NAN = math.inf, math.nan


def ones(device, *shape, dtype="float64"):
    return Tensor(np.ones(shape, dtype), device=device)


def a(device):
    return ones(device, 2, 3)


ERRORS = [
    # call, error, what it says
    (lambda d: ops.stack([a(d), ones(d, 3, 2)]), ValueError, r"one shape, got \(2, 3\), \(3, 2\)"),
    (lambda d: ops.stack([a(d)], 3), IndexError, "axis 3"),
    (lambda d: ops.stack([a(d)], -4), IndexError, "axis -4"),
    (lambda d: ops.stack([]), ValueError, "stack takes at least one tensor"),
    (lambda d: ops.stack([a(d), 1.0]), TypeError, "float"),
    (lambda d: ops.Stack(0)(a(d)), TypeError, "Stack takes a TensorTuple, not Tensor"),
    (lambda d: ops.Concat(0)(a(d)), TypeError, "Concat takes a TensorTuple, not Tensor"),
    (lambda d: ops.split(a(d), 2), IndexError, "axis 2"),
    (lambda d: ops.split(ones(d, 2, 0), 1), ValueError, r"\(2, 0\) along axis 1 .*no parts"),
    (lambda d: ops.split(ones(d)), IndexError, "axis 0"),
    (lambda d: ops.split(a(d), 1.0), TypeError, "float"),
    (lambda d: ops.concat([]), ValueError, "concat takes at least one tensor"),
    (lambda d: ops.concat([a(d), ones(d, 2, 4)]), ValueError, r"\(2, 3\), \(2, 4\) .* axis 0"),
    (lambda d: ops.concat([a(d), ones(d, 2, 3, 1)], 1), ValueError, r"\(2, 3, 1\) .* axis 1"),
    (lambda d: ops.concat([a(d)], 2), IndexError, "axis 2"),
    (lambda d: ops.concat([ones(d)]), IndexError, "axis 0"),
    (lambda d: ops.permute(a(d), (0,)), ValueError, r"\(0,\) .* permutation .*\(2, 3\)"),
    (lambda d: ops.permute(a(d), (0, 0)), ValueError, "repeat axis 0"),
    (lambda d: ops.permute(a(d), (0, 2)), IndexError, "axis 2"),
    (lambda d: ops.flip(a(d), 2), IndexError, "axis 2"),
    (lambda d: ops.flip(a(d), (0, -2)), ValueError, "repeat axis 0"),
    (lambda d: ops.dilate(a(d), 0, -1), ValueError, "dilation is at least 0, got -1"),
    (lambda d: ops.undilate(a(d), 0, -2), ValueError, "dilation is at least 0, got -2"),
    (lambda d: ops.dilate(a(d), 0, 1.5), TypeError, "float"),
    (lambda d: ops.undilate(a(d), 0, 1.5), TypeError, "float"),
    (lambda d: ops.dilate(a(d), 0.5, 1), TypeError, "float"),
    (lambda d: ops.pad(a(d), [(1, 1)]), ValueError, r"\(\(1, 1\),\) .* pair for each axis .*2, 3"),
    (lambda d: ops.pad(a(d), [(1, 1), (0, -1)]), ValueError, r"at least 0, got .*\(0, -1\)"),
    (lambda d: ops.pad(a(d), [(1.7, 1), (0, 0)]), TypeError, "float"),
    (lambda d: ops.pad(a(d), [(1, 1, 1), (0, 0)]), ValueError, "pair"),
    (lambda d: ops.softmax(a(d), 2), IndexError, "axis 2"),
    (lambda d: ops.softmax(ones(d)), IndexError, "axis -1"),
    (lambda d: ops.softmax(ones(d, 2, dtype="int64")), TypeError, "floating-point.* int64"),
    (lambda d: ops.attention_weights(ones(d, 3), 1.0, True), ValueError, r"\(3,\)"),
    (lambda d: ops.take(a(d), [2]), IndexError, r"index 2 is not in \[0, 2\)"),
    (lambda d: ops.take(a(d), [0, -1]), IndexError, "index -1"),
    (lambda d: ops.take(ones(d, 0, 3), [0]), IndexError, r"index 0 is not in \[0, 0\)"),
    (lambda d: ops.take(a(d), [0.5]), TypeError, "whole numbers, got 0.5"),
    (lambda d: ops.take(a(d), [NAN]), TypeError, "whole numbers, got nan"),
    (lambda d: ops.take(a(d), ["0"]), TypeError, "whole numbers"),
    (lambda d: ops.take(ones(d), 0), ValueError, "0-d"),
    (lambda d: ops.take([[1.0]], 0), TypeError, "take.* list"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_what_does_not_fit_is_named(device, number):
    call, error, message = ERRORS[number]
    with pytest.raises(error, match=message):
        call(device)


@pytest.mark.parametrize(
    "call",
    [
        ops.softmax,
        lambda x: ops.attention_weights(x, 1.0, False),
        lambda x: ops.take(x, [0]).sum().backward(),
    ],
)
def test_kernels_are_those_of_hw3(call):
    with pytest.raises(TypeError, match=r"has no kernels for numpy.ndarray: .*cpu\(\)"):
        call(ones(needle_hw1.cpu(), 2, 3))


# What only moves elements works everywhere, as hw1's ops do.
MOVES = [
    lambda x: ops.stack([x, x], 1), lambda x: ops.split(x, 0)[1], lambda x: ops.concat([x, x]),
    lambda x: ops.permute(x, (1, 0)), ops.flip, lambda x: ops.dilate(x, 0, 1),
    lambda x: ops.undilate(x, 1, 1), lambda x: ops.pad(x, [(1, 0), (0, 1)]),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MOVES)))
def test_ops_that_move_elements_work_on_numpys_arrays(device, draw, number):
    function = MOVES[number]
    gradient_check(function, Tensor(draw((2, 3)), device=needle_hw1.cpu()))
    for dtype in ("int64", "int32", "uint8", "bool"):
        x = np.array([[0, 1, 1], [1, 0, 0]], dtype)
        mine, its = (function(Tensor(x, device=d)) for d in (device, needle_hw1.cpu()))
        assert mine.dtype == its.dtype == dtype
        np.testing.assert_array_equal(mine.numpy(), its.numpy())


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_rows_of_whole_numbers(device, dtype):
    x = np.array([[0, 1], [1, 1]], dtype)
    found = ops.take(Tensor(x, device=device), [1, 0])
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.numpy(), x[[1, 0]])


@pytest.mark.parametrize("kind", ["float32", "uint8", "int64", "list", "tensor", "float tensor"])
def test_indices_may_be_of_any_kind(device, draw, kind):
    table = draw((3, 2))
    rows = [[2, 0], [1, 2]]
    indices = {
        "list": lambda: rows,
        "tensor": lambda: Tensor(rows, device=device),
        "float tensor": lambda: Tensor(np.array(rows, "float32"), device=device),
    }.get(kind, lambda: np.array(rows, kind))()
    assert_close(ops.take(Tensor(table, device=device), indices), table[rows])


def test_indices_that_change_later_do_not_matter(device, draw):
    table, rows = Tensor(draw((3, 2)), device=device), np.array([2, 0])
    for given in (rows, Tensor(rows, device=device)):
        y = ops.take(table, given)
        if given is rows:
            rows[:] = 1
        y.backward()
        assert_close(table.grad, [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
        rows[:] = [2, 0]


def test_one_row_taken_often_sums_its_gradients(device):
    table = Tensor(np.zeros((2, 1), "float32"), device=device)
    for create_graph in (True, False):
        ops.take(table, np.ones((50, 20))).backward(create_graph=create_graph)
        assert_close(table.grad, np.array([[0.0], [1000.0]], "float32"))


FUSED = [ops.Softmax, lambda: ops.Softmax(0, 0.5), lambda: ops.Softmax(-1, 2.0, True)]


@pytest.mark.parametrize("number", range(len(FUSED)))
def test_one_op_object_serves_several_tensors(device, draw, number):
    first, second = ([Tensor(draw((3, 3)), device=device)] for _ in range(2))
    reuse_check(FUSED[number], lambda y: y, first, second)


def test_softmax_does_not_overflow(device):
    for dtype in ("float32", "float64"):
        x = np.array([[1e30, 1e30, -1e30], [0.0, -1e4, 0.0], [-1e4, -1e4, -1e4]], dtype)
        leaf = Tensor(x, device=device)
        y = ops.softmax(leaf)
        assert_close(y, np.array([[0.5, 0.5, 0], [0.5, 0, 0.5], [1 / 3] * 3], dtype))
        for create_graph in (True, False):
            y.backward(create_graph=create_graph)
            assert_close(leaf.grad, np.zeros((3, 3), dtype))


def test_softmax_of_masked_scores(device):
    x = np.array([[-INF, 0.0, 0.0], [-INF, -INF, 5.0]])
    leaf = Tensor(x, device=device)
    y = ops.softmax(leaf)
    assert_close(y, [[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    for create_graph in (True, False):
        y.backward(Tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], device=device, dtype="float64"),
                   create_graph=create_graph)  # fmt: skip
        assert_close(leaf.grad, [[0.0, -0.25, 0.25], [0.0, 0.0, 0.0]])
    assert np.isnan(ops.softmax(Tensor([1.0, NAN], device=device)).numpy()).all()


@pytest.mark.parametrize(("queries", "keys"), [(3, 3), (2, 4), (4, 2)])
def test_query_sees_no_later_key(device, draw, queries, keys):
    scores = draw((2, queries, keys))
    before = ops.attention_weights(Tensor(scores, device=device), 1.0, True).numpy()
    seen = np.arange(keys) <= np.arange(queries)[:, None] + keys - queries
    assert (before[:, ~seen] == 0).all()
    assert (before[:, seen] > 0).all()
    scores[:, ~seen] = NAN  # not even looked at
    leaf = Tensor(scores, device=device)
    after = ops.attention_weights(leaf, 1.0, True)
    np.testing.assert_array_equal(after.numpy(), before)
    after.backward(Tensor(draw(scores.shape), device=device), create_graph=False)
    assert (leaf.grad.numpy()[:, ~seen] == 0).all()


def test_stack_and_concat_take_tuples_lists_and_iterators(device, draw):
    arrays = [draw((2, 3)) for _ in range(3)]
    tensors = [Tensor(array, device=device) for array in arrays]
    for function, reference in [(ops.stack, np.stack), (ops.concat, np.concatenate)]:
        expected = reference(arrays, 1)
        for given in (tensors, tuple(tensors), ndl.make_tuple(*tensors), iter(tensors)):
            assert_close(function(given, 1), expected)


def test_members_of_a_tuple_that_differ_in_dtype_promote(device, draw):
    x, y = Tensor(draw((2,), dtype="float32"), device=device), Tensor(draw((2,)), device=device)
    for function in (ops.stack, ops.concat):
        function(ndl.make_tuple(x, y)).backward()
        assert x.grad.dtype == "float32"
        assert y.grad.dtype == "float64"


def test_split_is_undone_by_stack(device, draw):
    array = draw((2, 3, 4))
    for axis in range(-3, 3):
        parts = ops.split(Tensor(array, device=device), axis)
        assert isinstance(parts, ndl.TensorTuple)
        assert len(parts) == array.shape[axis]
        assert_close(parts[0], np.take(array, 0, axis))
        assert_close(ops.stack(parts, axis), array)


def test_members_of_a_split_that_are_not_used_have_no_gradient(device):
    x = ones(device, 3, 2)
    for create_graph in (True, False):
        ops.split(x)[1].backward(create_graph=create_graph)
        assert_close(x.grad, [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])


def test_axes_may_be_an_iterator(device, draw):
    # Both passes, so that what an iterator gives once is not missing later.
    x = Tensor(draw((2, 3)), device=device)
    for function in (lambda t: ops.flip(t, iter((0, 1))), lambda t: ops.permute(t, iter((1, 0))),
                     lambda t: ops.dilate(t, iter((0, 1)), 1), lambda t: ops.undilate(t, {1}, 1),
                     lambda t: ops.pad(t, iter([(1, 2), (0, 1)]))):  # fmt: skip
        gradient_check(function, x)


def test_tensors_on_two_devices_do_not_join(device):
    for function in (ops.stack, ops.concat):
        with pytest.raises(ValueError, match="one device"):
            function([ones(device, 2), ones(needle_hw1.cpu(), 2)])
