"""Recurrent layers as one op: against loops in NumPy, in both ways of differentiation."""

import numpy as np
import pytest

import needle_hw1
from needle_hw4 import Tensor, ops
from needle_shared.testing import (
    OPERATOR_VIEWS,
    assert_close,
    constant_check,
    gradient_check,
    lazy_check,
    partial_gradient_check,
    purity_check,
    release_check,
    reuse_check,
    second_derivative_check,
)


def np_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def np_rnn(f):
    def states(x, h, W_ih, W_hh, bias):
        result = []
        for step in x:
            h = f(bias + step @ W_ih + h @ W_hh)
            result.append(h)
        return np.stack(result)

    return states


def np_lstm(x, h, c, W_ih, W_hh, bias):
    result = []
    for step in x:
        i, f, g, o = np.split(step @ W_ih + h @ W_hh + bias, 4, axis=1)
        c = np_sigmoid(f) * c + np_sigmoid(i) * np.tanh(g)
        h = np_sigmoid(o) * np.tanh(c)
        result.append(h)
    return np.stack([*result, c])


def joined(states, c):
    """Return the states of an LSTM, and after them its last cell."""
    return ops.concat([states, c.reshape((1, *c.shape))])


def np_relu(x):
    return np.maximum(x, 0)


OPS = {
    # what makes the op, one tensor of what it returns, NumPy's, gates
    "tanh": (ops.RNNSequence, lambda y: y[0], np_rnn(np.tanh), 1),
    "relu": (lambda: ops.RNNSequence("relu"), lambda y: y[0], np_rnn(np_relu), 1),
    "lstm": (ops.LSTMSequence, lambda y: joined(*y), np_lstm, 4),
}
SIZES = [(1, 1, 1, 1), (3, 2, 4, 3), (2, 1, 3, 2), (4, 3, 1, 2), (2, 0, 3, 2), (2, 2, 17, 9)]
each = pytest.mark.parametrize("name", OPS)


@pytest.fixture
def make(device, draw):
    """Return a function that draws the inputs of an op for sizes T, B, I and H."""

    def inputs(name, sizes, dtype="float64"):
        steps, batch, features, hidden = sizes
        width = OPS[name][3] * hidden
        states = 2 if name == "lstm" else 1
        shapes = [(steps, batch, features), *[(batch, hidden)] * states]
        shapes += [(features, width), (hidden, width), (width,)]
        return [Tensor(draw(shape, dtype=dtype) / 2, device=device) for shape in shapes]

    return inputs


def function_of(name):
    op, read, _, _ = OPS[name]
    return lambda *leaves: read(op()(*leaves))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SIZES[:-1])
@each
def test_values_and_gradients(check_operator, make, name, sizes, dtype):
    arrays = [leaf.numpy() for leaf in make(name, sizes, dtype)]
    check_operator(function_of(name), OPS[name][2], *arrays)


@each
def test_values_of_longer_rows(make, name):
    leaves = make(name, SIZES[-1])
    assert_close(function_of(name)(*leaves), OPS[name][2](*[leaf.numpy() for leaf in leaves]))


RULES = [second_derivative_check, lazy_check, constant_check, purity_check, partial_gradient_check]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@each
def test_op_keeps_the_rule(make, name, rule):
    # Differences of gradients take long for more weights than those of one unit.
    sizes = (3, 1, 1, 1) if rule is second_derivative_check else (2, 2, 1, 2)
    rule(function_of(name), *make(name, sizes))


@each
def test_op_leaves_no_reference_cycles(without_gc, make, name):
    release_check(function_of(name), *make(name, (2, 1, 2, 2)))


@each
def test_one_op_object_serves_several_sequences(make, name):
    op, read, _, _ = OPS[name]
    reuse_check(op, read, make(name, (3, 2, 2, 2)), make(name, (2, 2, 2, 2)))
    leaves = make(name, (3, 2, 2, 2))
    others = [*make(name, (3, 2, 2, 2))[:1], *leaves[1:]]  # another x, with the same weights
    reuse_check(op, read, leaves, others)


@pytest.mark.parametrize("view", ["reversed", "transposed", "broadcast"])
@each
def test_inputs_may_be_views(check_operator, make, name, view):
    of_tensor, of_array = OPERATOR_VIEWS[view]
    arrays = [leaf.numpy() for leaf in make(name, (2, 2, 2, 2))]
    if view == "broadcast":  # x is the same in all steps
        of_tensor, of_array = (lambda x, f=f: f(x[0]) for f in (of_tensor, of_array))
        changed = slice(0, 1)
    else:  # T = B = I = H, and the gates
        changed = slice(0, len(arrays) - (3 if name == "lstm" else 1))

    def through(convert, inputs):
        return [convert(x) if i in range(changed.stop) else x for i, x in enumerate(inputs)]

    check_operator(
        lambda *leaves: function_of(name)(*through(of_tensor, leaves)),
        lambda *given: OPS[name][2](*through(of_array, given)),
        *arrays,
    )


def test_one_tensor_may_be_several_inputs(make):
    x, h, W, _, bias = make("tanh", (3, 2, 2, 2))

    def rnn(x, h, W, bias):
        return ops.RNNSequence()(x, h, W, W, bias)[0]

    check_both_ways(rnn, x, h, W, bias)
    x, h, _, W, _, bias = make("lstm", (3, 2, 2, 2))

    def lstm(x, h, W, bias):
        return joined(*ops.LSTMSequence()(x, h, h, W, W, bias))

    check_both_ways(lstm, x, h, W, bias)


def test_weights_may_depend_on_the_inputs(make):
    x, h, W_ih, W_hh, bias = make("tanh", (2, 2, 2, 2))

    def rnn(x, h, W_ih, W_hh, bias):
        return ops.RNNSequence()(x, x[0] * h, W_ih * W_hh, W_hh, bias)[0]

    check_both_ways(rnn, x, h, W_ih, W_hh, bias)


def check_both_ways(function, *leaves):
    gradient_check(function, *leaves)
    result = function(*leaves)
    result.backward()
    expected = [leaf.grad for leaf in leaves]
    result.backward(create_graph=False)
    for leaf, grad in zip(leaves, expected, strict=True):
        assert_close(leaf.grad, grad)


@pytest.mark.parametrize("member", [0, 1])
def test_either_result_of_an_lstm_alone(make, member):
    def one(*leaves):
        return ops.LSTMSequence()(*leaves)[member]

    check_both_ways(one, *make("lstm", (3, 1, 2, 2)))


def test_gradient_through_one_step_alone(make):
    for name in OPS:
        check_both_ways(lambda *leaves: function_of(name)(*leaves)[1], *make(name, (3, 1, 2, 2)))  # noqa: B023


@each
def test_dtypes_promote(check_operator, make, name):
    arrays = [leaf.numpy() for leaf in make(name, (2, 1, 2, 2))]
    arrays[0] = arrays[0].astype("float32")
    arrays[-1] = arrays[-1].astype("float32")
    check_operator(function_of(name), OPS[name][2], *arrays)


@pytest.mark.parametrize("create_graph", [True, False])
def test_lstm_of_large_numbers_saturates(make, create_graph):
    leaves = [Tensor(leaf.numpy() * 1e4, device=leaf.device) for leaf in make("lstm", (3, 2, 2, 2))]
    y = function_of("lstm")(*leaves)
    assert np.isfinite(y.numpy()).all()
    y.backward(create_graph=create_graph)
    assert all(np.isfinite(leaf.grad.numpy()).all() for leaf in leaves)


@each
def test_shapes_that_do_not_fit_are_named(make, name):
    good = make(name, (2, 3, 4, 5))
    for position, leaf in enumerate(good):
        for shape in [(*leaf.shape[:-1], leaf.shape[-1] + 1), leaf.shape[1:], (1, *leaf.shape)]:
            bad = [*good]
            bad[position] = Tensor(np.ones(shape), device=leaf.device)
            with pytest.raises(ValueError, match="Sequence takes x") as caught:
                function_of(name)(*bad)
            assert str(shape) in str(caught.value)


@each
def test_sequence_without_steps_is_refused(make, name):
    with pytest.raises(ValueError, match=r"at least one step.*\(0, 2, 3\)"):
        function_of(name)(*make(name, (0, 2, 3, 2)))


@each
def test_whole_numbers_are_refused(device, make, name):
    leaves = [
        Tensor(leaf.numpy().astype("int64"), device=device) for leaf in make(name, (2, 1, 1, 1))
    ]
    with pytest.raises(TypeError, match=r"Sequence takes floating-point tensors, got dtype int64"):
        function_of(name)(*leaves)


def test_unknown_nonlinearity_is_refused():
    with pytest.raises(ValueError, match="'tanh' or 'relu', got 'sigmoid'"):
        ops.RNNSequence("sigmoid")


@each
@pytest.mark.usefixtures("device")
def test_kernels_are_those_of_hw3(make, name):
    leaves = [Tensor(leaf.numpy(), device=needle_hw1.cpu()) for leaf in make(name, (2, 1, 1, 1))]
    with pytest.raises(TypeError, match=r"Sequence has no kernels for numpy.ndarray: .*cpu\(\)"):
        function_of(name)(*leaves).backward(create_graph=False)
