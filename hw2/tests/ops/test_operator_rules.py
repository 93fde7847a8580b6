"""Operators at the edge: numbers that overflow, infinities, ties, nothing to reduce, errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import needle_hw2 as ndl
from needle_hw2 import Tensor, ops
from needle_shared.testing import arrays, assert_close, gradient_check

INF, NAN = math.inf, math.nan


def gradients(function, *given, device=None):
    """Return the value and the gradients of the sum of `function` at arrays."""
    leaves = [Tensor(x, device=device) for x in given]
    result = function(*leaves)
    result.backward()
    return result.numpy(), *(leaf.grad.numpy() for leaf in leaves)


# Numbers of any size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e5, 5e5, 1e10, 1e30])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_logarithms_of_exponentials_do_not_overflow(device, dtype, size, sign):
    x = np.array([[sign * size, sign * size, -sign * size], [sign * size] * 3], dtype)
    big = x[:, 0].astype("float64")
    equal = [2, 3] if sign > 0 else [1, 3]
    peak = big if sign > 0 else np.array([size, -size])
    total, softmax = gradients(lambda t: ndl.logsumexp(t, 1), x, device=device)
    assert total.dtype == dtype
    assert_close(total, peak + np.log(equal), rtol=1e-6)
    expected = np.array([[1, 1, 0], [1, 1, 1]]) if sign > 0 else np.array([[0, 0, 1], [1, 1, 1]])
    expected = expected / expected.sum(1, keepdims=True)
    assert_close(softmax, expected, rtol=1e-6)
    log_probs, grad = gradients(ndl.logsoftmax, x, device=device)
    gap = np.where(expected > 0, 0.0, -2 * size)
    assert_close(log_probs, gap - np.log(equal)[:, None], rtol=1e-6)
    assert_close(grad, 1 - 3 * expected, rtol=1e-6)


def test_logsoftmax_keeps_the_logarithm_beside_large_numbers(device):
    # x - logsumexp(x) would lose log 2 beside 1e10 in float32.
    x = Tensor(np.array([[1e10, 1e10]], "float32"), device=device)
    assert_close(ndl.logsoftmax(x).numpy(), np.full((1, 2), -np.log(2), "float32"))


@pytest.mark.parametrize("function", [ndl.logsumexp, ndl.logsoftmax])
def test_small_numbers_keep_their_accuracy(device, function):
    x = np.array([1e-8, -1e-8, 3e-9])
    expected = np.log(np.exp(x).sum())
    value = function(Tensor(x, device=device)).numpy()
    assert_close(value, expected if function is ndl.logsumexp else x - expected, rtol=1e-14)


def test_logsumexp_of_infinities(device):
    x = np.array([
        [-INF, -INF, -INF], [-INF, 0.0, -INF], [INF, 0.0, 1.0], [INF, -INF, INF], [NAN, 0.0, INF],
        [-INF, 1e30, 1e30],
    ])  # fmt: skip
    value = ndl.logsumexp(Tensor(x, device=device), 1).numpy()
    np.testing.assert_allclose(value, [-INF, 0.0, INF, INF, NAN, 1e30])


def test_gradient_of_logsumexp_is_finite_where_the_function_is(device):
    x = np.array([[-INF, 0.0, 0.0], [-INF, -INF, 5.0]])
    _, softmax = gradients(lambda t: ndl.logsumexp(t, 1), x, device=device)
    assert_close(softmax, [[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])


def test_logsoftmax_of_masked_scores(device):
    x = np.array([[-INF, 0.0, 0.0], [-INF, -INF, 5.0]])
    weights = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0]])
    leaf = Tensor(x, device=device)
    result = ndl.logsoftmax(leaf)
    np.testing.assert_allclose(result.numpy(), [[-INF, -np.log(2), -np.log(2)], [-INF, -INF, 0.0]])
    result.backward(Tensor(weights, device=device))
    assert_close(leaf.grad.numpy(), [[0.0, -0.5, 0.5], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_softplus_and_tanh_saturate_without_overflow(device, dtype):
    x = np.array([-INF, -1e4, -50.0, 0.0, 50.0, 1e4, INF], dtype)
    exact = 1 / (1 + np.exp(-np.clip(x, -700, 700).astype("float64")))
    value, grad = gradients(ndl.sigmoid, x, device=device)
    assert_close(value, exact)
    assert_close(value[2], exact[2], rtol=1e-5, atol=0)  # relatively, too: 2e-22
    assert_close(grad, exact * (1 - exact))
    value, grad = gradients(ndl.softplus, x, device=device)
    np.testing.assert_allclose(value, [0, 0, np.exp(-50), np.log(2), 50, 1e4, INF], rtol=1e-6)
    assert_close(grad, exact)
    value, grad = gradients(ndl.tanh, x, device=device)
    assert_close(value, np.array([-1, -1, -1, 0, 1, 1, 1], dtype))
    assert_close(grad, np.array([0, 0, 0, 1, 0, 0, 0], dtype))


@pytest.mark.parametrize(
    "function",
    [
        ndl.sqrt,
        ndl.tanh,
        ndl.sigmoid,
        ndl.softplus,
        ndl.mean,
        ndl.max,
        ndl.min,
        ndl.logsumexp,
        ndl.logsoftmax,
    ],
)
def test_nan_stays_nan(device, function):
    assert np.isnan(function(Tensor([1.0, NAN], device=device)).numpy()).any()


def test_square_root_at_and_below_zero(device):
    value, grad = gradients(ndl.sqrt, np.array([0.0, -1.0, 4.0, INF]), device=device)
    np.testing.assert_array_equal(value, [0.0, NAN, 2.0, INF])
    np.testing.assert_array_equal(grad, [INF, NAN, 0.25, 0.0])


@given(arrays((3, 4), bound=300.0), st.sampled_from([None, 0, 1, (0, 1)]))
def test_softmax_sums_to_one_and_does_not_feel_a_shift(x, axes):
    log_probs = ndl.logsoftmax(Tensor(x), axes).numpy()
    assert_close(np.exp(log_probs).sum(axis=axes), np.ones(np.sum(x, axis=axes).shape))
    assert_close(ndl.logsoftmax(Tensor(x + 1e3), axes).numpy(), log_probs, atol=1e-9)
    shifted = ndl.logsumexp(Tensor(x + 1e3), axes).numpy()
    assert_close(shifted, ndl.logsumexp(Tensor(x), axes).numpy() + 1e3)


@given(arrays((2, 5), bound=100.0))
def test_logsumexp_lies_between_the_maximum_and_that_plus_log_n(x):
    peak, total = x.max(1), ndl.logsumexp(Tensor(x), 1).numpy()
    assert (peak <= total).all()
    assert (total <= peak + np.log(5) + 1e-12 * np.abs(peak)).all()


@given(arrays((7,), bound=30.0))
def test_identities_of_the_logistic_function(x):
    t = Tensor(x)
    assert_close(ndl.sigmoid(t).numpy() + ndl.sigmoid(-t).numpy(), np.ones(7))
    assert_close(ndl.softplus(t).numpy() - ndl.softplus(-t).numpy(), x)
    assert_close(ndl.tanh(t).numpy(), 2 * ndl.sigmoid(t * 2).numpy() - 1)
    assert_close(ndl.softplus(t).numpy(), ndl.logsumexp(Tensor(np.stack([x, 0 * x])), 0).numpy())


# Ties, and nothing to reduce


@pytest.mark.parametrize("function", [ndl.max, ndl.min])
def test_equal_extrema_share_the_gradient(device, function):
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


# Errors


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
def test_axes_of_any_kind_of_iterable(device, rng, function):
    array = rng.standard_normal((2, 3, 4))
    expected = gradients(lambda t: function(t, (0, 2)), array, device=device)
    for axes in (lambda: [0, 2], lambda: range(0, 3, 2), lambda: iter((0, 2)), lambda: {0, 2},
                 lambda: np.array([0, 2]), lambda: (a for a in (-3, -1))):  # fmt: skip
        # Both passes, so that what an iterator gives once is not missing later.
        for a, b in zip(gradients(lambda t: function(t, axes()), array, device=device), expected):  # noqa: B023, B905
            assert_close(a, b)


def test_axes_of_normalize_may_be_an_iterator(device, rng):
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


# Ops with two ways to their gradient


def case_affine():
    return ops.Affine(), lambda r: [r.standard_normal(s) for s in [(4, 3), (3, 2), (2,)]]


def case_normalize():
    return ops.Normalize(0), lambda r: [r.standard_normal(s) for s in [(4, 3), (3,), (3,)]]


def case_cross_entropy():
    return ops.CrossEntropy(np.array([0, 2, 1])), lambda r: [r.standard_normal((3, 4))]


@pytest.mark.parametrize("case", [case_affine, case_normalize, case_cross_entropy])
def test_one_op_object_serves_several_inputs(rng, case):
    # What `compute` leaves for the gradient belongs to the inputs that it was called on.
    op, make = case()
    first, second = make(rng), make(rng)
    expected = gradients(case()[0], *first)[1:]
    leaves = [Tensor(array) for array in first]
    result = op(*leaves)
    op(*[Tensor(array) for array in second])
    result.backward(create_graph=False)
    for leaf, grad in zip(leaves, expected, strict=True):
        assert_close(leaf.grad, grad)


@pytest.mark.parametrize("case", [case_affine, case_normalize, case_cross_entropy])
@pytest.mark.parametrize("create_graph", [True, False])
def test_only_inputs_that_require_a_gradient_have_one(rng, case, create_graph):
    op, make = case()
    given = make(rng)
    expected = gradients(op, *given)[1:]
    for position in range(len(given)):
        leaves = [
            Tensor(array, requires_grad=index == position) for index, array in enumerate(given)
        ]
        op(*leaves).backward(create_graph=create_graph)
        for index, leaf in enumerate(leaves):
            assert (leaf.grad is not None) == (index == position)
        assert_close(leaves[position].grad, expected[position])


def test_what_compute_left_belongs_to_all_inputs():
    class Product(ops.FusedOp):
        def compute(self, a, b):
            self.known = a * b
            return self.known * 1.0

        def gradient(self, out_grad, node):
            a, b = node.inputs
            return out_grad * b, out_grad * a

        def array_gradient(self, out_grad, node):
            a, b = (x.realize_cached_data() for x in node.inputs)
            return out_grad * self.known / a, out_grad * self.known / b

    op, a, b = Product(), Tensor([2.0]), Tensor([3.0])
    result = op(a, b)
    op(a, Tensor([5.0]))
    result.backward(create_graph=False)
    assert_close(a.grad, [3.0])
    assert_close(b.grad, [2.0])


def test_op_with_two_ways_needs_both():
    class Half(ops.FusedOp):
        def compute(self, x):
            return x * 2

        def gradient(self, out_grad, node):
            return out_grad * 2

    x = Tensor([1.0, 2.0])
    gradient_check(Half(), x)
    with pytest.raises(NotImplementedError, match=r"Half.array_gradient"):
        Half()(x).backward(create_graph=False)


# Dtypes


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
    result = ndl.mean(Tensor(np.array([[1, 0], [1, 1]], dtype), device=device), 0).numpy()
    assert result.dtype == np.float64
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
