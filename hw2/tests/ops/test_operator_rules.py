"""Operators at the edge: ties, nothing to reduce, errors, dtypes."""

import math

import numpy as np
import pytest

import needle_hw2 as ndl
from needle_hw1.array_api import array_namespace
from needle_hw2 import Tensor, ops
from needle_shared.testing import assert_close

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("function", [ndl.max, ndl.min])
def test_equal_extrema_share_the_gradient(gradients, device, function):
    sign = 1.0 if function is ndl.max else -1.0
    x = sign * np.array([[3.0, 1.0, 3.0], [2.0, 2.0, 2.0], [1.0, 5.0, 2.0]])
    value, grad = gradients(lambda t: function(t, 1), x, device=device)
    assert_close(value, sign * np.array([3.0, 2.0, 5.0]))
    assert_close(grad, [[0.5, 0.0, 0.5], [1 / 3] * 3, [0.0, 1.0, 0.0]])
    _, grad = gradients(function, np.zeros((2, 2)), device=device)
    assert_close(grad, np.full((2, 2), 0.25))
    _, grad = gradients(lambda t: function(t, 0), sign * np.array([INF, 1.0, INF]), device=device)
    assert_close(grad, [0.5, 0.0, 0.5])


@pytest.mark.parametrize("function", [ndl.max, ndl.min])
@pytest.mark.parametrize(
    ("shape", "axes"), [((0,), None), ((2, 0), 1), ((0, 3), 0), ((0, 3), None)]
)
def test_extremum_of_nothing_is_refused(device, function, shape, axes):
    x = Tensor(np.ones(shape), device=device)
    with pytest.raises(ValueError, match=rf"(max|min) over axes \(.*{shape[0]}.*no elements"):
        function(x, axes)


def test_mean_and_logsumexp_of_nothing(device):
    x = Tensor(np.ones((2, 0, 3)), device=device)
    assert_close(ndl.mean(x, 1).numpy(), np.full((2, 3), NAN))
    assert_close(ndl.logsumexp(x, 1).numpy(), np.full((2, 3), -INF))
    assert_close(ndl.logsumexp(x, (0, 1), keepdims=True).numpy(), np.full((1, 1, 3), -INF))
    assert ndl.logsoftmax(x, 1).shape == (2, 0, 3)
    for function in (ndl.mean, ndl.logsumexp):
        function(x, 1).backward()
        assert x.grad.shape == x.shape


REDUCTIONS = [ndl.mean, ndl.max, ndl.min, ndl.logsumexp, ndl.logsoftmax]


@pytest.mark.parametrize("function", REDUCTIONS)
def test_axes_out_of_range_or_repeated_are_named(device, function):
    x = Tensor(np.ones((2, 3)), device=device)
    for axes, message in [(2, "axis 2 .* 2"), (-3, "axis -3"), ((0, 5), "axis 5")]:
        with pytest.raises(IndexError, match=message):
            function(x, axes)
    for axes in [(0, 0), (1, -1), (0, 1, -2)]:
        with pytest.raises(ValueError, match=r"axes \(.*\) repeat axis"):
            function(x, axes)
    with pytest.raises(TypeError):
        function(x, 1.5)
    with pytest.raises(TypeError, match="takes tensors, but input 0 is list"):
        function([1.0, 2.0])


@pytest.mark.parametrize("function", REDUCTIONS)
def test_axes_of_any_kind_of_iterable(gradients, device, rng, function):
    array = rng.standard_normal((2, 3, 4))
    expected = gradients(lambda t: function(t, (0, 2)), array, device=device)
    for axes in (lambda: [0, 2], lambda: range(0, 3, 2), lambda: iter((0, 2)), lambda: {0, 2},
                 lambda: np.array([0, 2]), lambda: (a for a in (-3, -1))):  # fmt: skip
        # Both passes, so that what an iterator gives once is not missing later.
        for a, b in zip(gradients(lambda t: function(t, axes()), array, device=device), expected):  # noqa: B023, B905
            assert_close(a, b)


def test_axes_of_normalize_may_be_an_iterator(gradients, device, rng):
    given = [rng.standard_normal(shape) for shape in [(2, 3, 4), (4,), (4,)]]
    expected = gradients(lambda *t: ndl.normalize(*t, (0, 1)), *given, device=device)
    found = gradients(lambda *t: ndl.normalize(*t, iter((0, 1))), *given, device=device)
    for a, b in zip(found, expected, strict=True):
        assert_close(a, b)


@pytest.mark.parametrize(
    "shapes",
    [
        [(4, 3), (4,), (3,)],
        [(4, 3), (3,), (1,)],
        [(4, 3), (1, 3), (1, 3)],
        [(), (), ()],
        [(3,), (), ()],
    ],
)
def test_normalize_names_shapes_that_do_not_fit(device, shapes):
    tensors = [Tensor(np.ones(shape), device=device) for shape in shapes]
    with pytest.raises(ValueError, match="normalize takes") as caught:
        ndl.normalize(*tensors, 0)
    assert all(str(shape) in str(caught.value) for shape in shapes)


AFFINE_MISFITS = [
    [(4, 3), (2, 3), (3,)], [(4, 3), (3, 2), (3,)], [(), (3, 2), (2,)], [(4, 3), (3,), (1,)],
    [(4, 3), (1, 3, 2), (2,)], [(4, 0), (3, 2), (2,)], [(4, 3), (3, 2), ()],
]  # fmt: skip


@pytest.mark.parametrize("shapes", AFFINE_MISFITS)
def test_affine_names_shapes_that_do_not_fit(device, shapes):
    tensors = [Tensor(np.ones(shape), device=device) for shape in shapes]
    with pytest.raises(ValueError, match="affine") as caught:
        ndl.affine(*tensors)
    assert all(str(shape) in str(caught.value) for shape in shapes)


def test_one_bias_is_not_spread_over_many_outputs(device):
    x, weight = Tensor(np.ones((4, 3)), device=device), Tensor(np.ones((3, 2)), device=device)
    with pytest.raises(ValueError, match=r"\(1,\)"):
        ndl.affine(x, weight, Tensor([1.0], device=device))


@pytest.mark.parametrize(("logits", "labels"), [
    ((), ()), ((3,), (3,)), ((4, 3), (3,)), ((4, 3), (4, 1)), ((0, 3), (0,)), ((2, 2, 3), (2,)),
])  # fmt: skip
def test_cross_entropy_names_shapes_that_do_not_fit(device, logits, labels):
    z = Tensor(np.ones(logits), device=device)
    with pytest.raises(ValueError, match="logits") as caught:
        ndl.cross_entropy(z, np.zeros(labels, "int64"))
    assert str(logits) in str(caught.value)
    assert str(labels) in str(caught.value)


@pytest.mark.parametrize("label", [-1, 3, 10**9])
def test_label_outside_of_the_classes_is_named(device, label):
    z = Tensor(np.ones((2, 3)), device=device)
    with pytest.raises(IndexError, match=rf"{label}.*3 classes"):
        ndl.cross_entropy(z, np.array([0, label]))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32"])
def test_there_may_be_more_classes_than_the_dtype_of_labels_counts(device, dtype, rng):
    z, labels = rng.standard_normal((4, 300)), np.array([0, 44, 100, 100])
    probabilities = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    for smoothing in (0.0, 0.25):
        targets = np.eye(300)[labels] * (1 - smoothing) + smoothing / 300
        expected = -np.mean(np.sum(targets * np.log(probabilities), 1))
        for create_graph in (True, False):
            leaf = Tensor(z, device=device)
            loss = ndl.cross_entropy(leaf, labels.astype(dtype), smoothing)
            loss.backward(create_graph=create_graph)
            assert_close(loss.numpy(), expected)
            assert_close(leaf.grad.numpy(), (probabilities - targets) / 4)


@pytest.mark.parametrize("dtype", ["float64", "bool"])
def test_labels_of_another_dtype_than_integers_are_refused(device, dtype):
    with pytest.raises(TypeError, match=f"integers.*{dtype}"):
        ndl.cross_entropy(Tensor(np.ones((2, 3)), device=device), np.array([0, 1], dtype))


def test_cross_entropy_of_masked_and_large_logits(device):
    z = np.array([[0.0, -INF, 0.0], [1e30, 1e30, -1e30]])
    for create_graph in (True, False):
        leaf = Tensor(z, device=device)
        loss = ndl.cross_entropy(leaf, np.array([0, 1]))
        loss.backward(create_graph=create_graph)
        assert_close(loss.numpy(), np.log(2))
        assert_close(leaf.grad.numpy(), [[-0.25, 0.0, 0.25], [0.25, -0.25, 0.0]])


def test_cross_entropy_of_an_impossible_class_is_infinite(device):
    z = Tensor([[0.0, -INF]], device=device)
    assert ndl.cross_entropy(z, np.array([1])).item() == INF


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize(
    "function",
    [ndl.sqrt, ndl.tanh, ndl.sigmoid, ndl.softplus, ndl.logsumexp, ndl.logsoftmax],
)
def test_functions_of_real_numbers_refuse_whole_ones(device, dtype, function):
    # NumPy would compute -1 as 255 in uint8, and go on with float16.
    with pytest.raises(TypeError, match=f"takes floating-point tensors, got dtype {dtype}"):
        function(Tensor(np.array([[1, 0], [1, 1]], dtype), device=device))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
def test_mean_of_whole_numbers_is_a_float(device, dtype):
    x = Tensor(np.array([[1, 0], [1, 1]], dtype), device=device)
    default = array_namespace(x.realize_cached_data()).asarray(0.5).dtype  # of the library's floats
    result = ndl.mean(x, 0).numpy()
    assert result.dtype == default
    assert_close(result, [1.0, 0.5])


def test_op_classes_have_the_defaults_of_their_functions(device, rng):
    x = Tensor(rng.standard_normal((2, 3)), device=device)
    assert_close(ops.LogSoftmax()(x).numpy(), ndl.logsoftmax(x, 1).numpy())
    for op, function in [(ops.LogSumExp, ndl.logsumexp), (ops.Mean, ndl.mean), (ops.Max, ndl.max),
                         (ops.Min, ndl.min)]:  # fmt: skip
        assert op()(x).shape == ()
        assert_close(op()(x).numpy(), function(x, (0, 1)).numpy())
        assert_close(op(axes=0)(x).numpy(), function(x, 0).numpy())


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_extremum_keeps_a_dtype_of_whole_numbers(device, dtype):
    x = np.array([[1, 0], [1, 1]], dtype)
    for function, reference in [(ndl.max, np.max), (ndl.min, np.min)]:
        result = function(Tensor(x, device=device), 1).numpy()
        assert result.dtype == dtype
        np.testing.assert_array_equal(result, reference(x, axis=1))
