"""Recurrent cells against NumPy's formulas, and layers against their cells, step by step."""

import numpy as np
import pytest

from needle_hw4 import Tensor, nn, ops
from needle_shared.testing import assert_close

F = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}


def np_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def total(x, h, p):
    biases = sum(p.get(f"module_{name}", 0.0) for name in ("bias_ih", "bias_hh"))
    return x @ p["module_W_ih"] + h @ p["module_W_hh"] + biases


@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", F)
def test_rnn_cell(here, leaf, read, module_check, nonlinearity, bias, with_state):
    cell = nn.RNNCell(2, 3, bias, nonlinearity, dtype="float64")
    f = F[nonlinearity]

    def reference(x, h=np.zeros((4, 3)), **p):  # noqa: B008
        return f(total(x, h, p))

    inputs = [leaf(4, 2), *([leaf(4, 3)] if with_state else [])]
    module_check(read(cell, lambda h: h), reference, *inputs)


@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_lstm_cell(here, leaf, read, module_check, bias, with_state):
    cell = nn.LSTMCell(2, 3, bias, dtype="float64")

    def reference(x, h=np.zeros((4, 3)), c=np.zeros((4, 3)), **p):  # noqa: B008
        i, f, g, o = np.split(total(x, h, p), 4, axis=1)
        c = np_sigmoid(f) * c + np_sigmoid(i) * np.tanh(g)
        return np.stack([np_sigmoid(o) * np.tanh(c), c])

    class Paired(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = cell

        def forward(self, x, *state):
            return ops.stack(self.module(x, state or None))

    inputs = [leaf(4, 2), *([leaf(4, 3), leaf(4, 3)] if with_state else [])]
    module_check(Paired(), reference, *inputs)


def by_cells(layer, x, state):
    """Return what a layer returns, made by its cells one step at a time."""
    is_lstm = isinstance(layer, nn.LSTM)
    finals = []
    steps = list(x)
    for number, cell in enumerate(layer.cells):
        h = state
        if state is not None:
            h = tuple(s[number] for s in state) if is_lstm else state[number]
        for position, step in enumerate(steps):
            h = cell(step, h)
            steps[position] = h[0] if is_lstm else h
        finals.append(h)
    if is_lstm:
        return ops.stack(steps), tuple(ops.stack(parts) for parts in zip(*finals, strict=True))
    return ops.stack(steps), ops.stack(finals)


def as_one(result):
    """Return one tensor of all that a layer returns."""
    states, last = result
    members = [states, *(last if isinstance(last, tuple) else [last])]
    return ops.concat([member.reshape((-1,)) for member in members])


LAYERS = {
    "tanh": nn.RNN,
    "relu": lambda *a, **o: nn.RNN(*a, nonlinearity="relu", **o),
    "lstm": nn.LSTM,
}
each = pytest.mark.parametrize("kind", LAYERS)


@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("steps", "batch", "layers"), [(1, 1, 1), (3, 2, 1), (4, 3, 2), (2, 1, 3)])
@each
def test_layers_are_their_cells_step_by_step(
    here, rng, leaf, all_gradients, kind, steps, batch, layers, bias, with_state
):
    layer = LAYERS[kind](2, 3, layers, bias, dtype="float64")
    x, state, leaves = leaf(steps, batch, 2), None, []
    if with_state:
        leaves = [leaf(layers, batch, 3) for _ in range(2 if kind == "lstm" else 1)]
        state = tuple(leaves) if kind == "lstm" else leaves[0]
    found, expected = layer(x, state), by_cells(layer, x, state)
    assert isinstance(found, tuple)
    assert found[0].shape == (steps, batch, 3)
    if kind == "lstm":
        assert isinstance(found[1], tuple)
    for member in found[1] if kind == "lstm" else found[1:]:
        assert member.shape == (layers, batch, 3)
    found, expected = as_one(found), as_one(expected)
    assert_close(found, expected)
    cotangent = Tensor(rng.standard_normal(found.shape))
    leaves += [x, *layer.parameters()]
    mine = all_gradients(found, cotangent, leaves)
    for a, b in zip(mine, all_gradients(expected, cotangent, leaves), strict=True):
        assert_close(a, b)


@each
def test_sequence_goes_on_from_a_state(here, leaf, kind):
    layer = LAYERS[kind](2, 3, 2, dtype="float64")
    x = leaf(5, 2, 2)
    whole, last = layer(x)
    first, state = layer(x[:2])
    second, end = layer(x[2:], state)
    assert_close(ops.concat([first, second]), whole)
    for a, b in zip(*(e if kind == "lstm" else (e,) for e in (end, last)), strict=True):
        assert_close(a, b)
    carried = tuple(s.detach() for s in state) if kind == "lstm" else state.detach()
    x.grad = None
    layer(x[2:], carried)[0].backward()
    assert (x.grad.numpy()[:2] == 0).all()
    assert (x.grad.numpy()[2:] != 0).any()


@each
def test_half_of_an_initial_state_may_be_missing(here, leaf, kind):
    if kind != "lstm":
        pytest.skip("its state is one tensor")
    layer, x, c = nn.LSTM(2, 3, dtype="float64"), leaf(2, 1, 2), leaf(1, 1, 3)
    zeros = Tensor(np.zeros((1, 1, 3)))
    assert_close(layer(x, (None, c))[0], layer(x, (zeros, c))[0])


@pytest.mark.parametrize("bias", [True, False])
@each
def test_every_weight_has_a_gradient_after_the_first_step(here, leaf, kind, bias):
    x = leaf(1, 1, 2, dtype="float32")
    for layer, given in [
        (LAYERS[kind](2, 3, 1, bias), x),
        (LAYERS[kind](2, 3, 1, bias).cells[0], x[0]),
    ]:
        result = layer(given)
        (result[0] if isinstance(result, tuple) else result).backward(create_graph=False)
        parameters = dict(layer.named_parameters())
        assert len(parameters) == (4 if bias else 2)
        for name, p in parameters.items():
            assert p.grad is not None, name
            assert p.grad.dtype == "float32"
            if name.endswith("W_hh"):  # it met zeros
                assert_close(p.grad, np.zeros(p.shape, "float32"))


@each
def test_weights_may_be_replaced_by_plain_tensors_at_any_time(here, leaf, kind):
    layer, x = LAYERS[kind](2, 3, dtype="float64"), leaf(3, 2, 2)
    layer(x)
    cell = layer.cells[0]
    for name in ("W_ih", "W_hh", "bias_ih", "bias_hh"):
        setattr(cell, name, Tensor(np.cos(np.arange(getattr(cell, name).size)).reshape(
            getattr(cell, name).shape)))  # fmt: skip
    assert layer.parameters() == []
    found, expected = layer(x), by_cells(layer, x, None)
    assert_close(as_one(found), as_one(expected))
    gates = x.numpy()[0] @ cell.W_ih.numpy() + cell.bias_ih.numpy() + cell.bias_hh.numpy()
    if kind != "lstm":
        assert_close(found[0][0], F[kind](gates))
    found[0].backward()
    assert cell.W_hh.grad.shape == (3, cell.W_hh.shape[1])


@pytest.mark.parametrize("removed", ["bias_ih", "bias_hh"])
@each
def test_one_bias_alone_counts(here, leaf, kind, removed):
    layer, x = LAYERS[kind](2, 3, dtype="float64"), leaf(2, 1, 2)
    cell = layer.cells[0]
    before = getattr(cell, removed)
    setattr(cell, removed, Tensor(np.zeros(before.shape)))
    expected = [as_one(layer(x)), as_one(by_cells(layer, x, None))]
    setattr(cell, removed, None)
    assert_close(as_one(layer(x)), expected[0])
    assert_close(as_one(by_cells(layer, x, None)), expected[1])


@each
def test_cells_are_where_the_course_looks_for_them(here, kind):
    layer = LAYERS[kind](2, 3, 2)
    name = "lstm_cells" if kind == "lstm" else "rnn_cells"
    cells = getattr(layer, name)
    assert isinstance(cells, list)
    width = 12 if kind == "lstm" else 3
    assert [c.W_ih.shape for c in cells] == [(2, width), (3, width)]
    assert [c.W_hh.shape for c in cells] == [(3, width)] * 2
    assert [c.bias_ih.shape for c in cells] == [c.bias_hh.shape for c in cells] == [(width,)] * 2
    assert repr(cells[0]).startswith(f"{type(cells[0]).__name__}(2, 3)")


def test_arguments_come_in_the_order_of_the_course(here):
    assert nn.RNN(2, 3, 1, False, "relu").rnn_cells[0].nonlinearity == "relu"
    assert nn.RNN(2, 3, 1, False).rnn_cells[0].bias_ih is None
    assert nn.RNNCell(2, 3, False, "relu").nonlinearity == "relu"
    assert nn.LSTM(2, 3, 1, False).lstm_cells[0].bias_hh is None
    assert nn.LSTMCell(2, 3, False).bias_ih is None


@each
def test_inputs_and_states_that_do_not_fit_are_named(here, kind):
    layer = LAYERS[kind](2, 3, 2)
    shapes = [(4, 2), (3, 4, 5), (3,), (1, 3, 4, 2)]
    for shape in shapes:
        with pytest.raises(
            ValueError, match=r"\(2, 3\) takes inputs of shape \(T, B, 2\)"
        ) as caught:
            layer(Tensor(np.ones(shape, "float32")))
        assert str(shape) in str(caught.value)
    with pytest.raises(ValueError, match=r"at least one step, got shape \(0, 4, 2\)"):
        layer(Tensor(np.ones((0, 4, 2), "float32")))
    for shape in [(3, 4), (2, 4, 2), (1, 4, 3), (2, 5, 3)]:
        h = Tensor(np.ones(shape, "float32"))
        with pytest.raises(ValueError, match=r"h0 has shape \(2, 4, 3\), got") as caught:
            layer(Tensor(np.ones((1, 4, 2), "float32")), (h, h) if kind == "lstm" else h)
        assert str(shape) in str(caught.value)
    cell = layer.cells[0]
    for shape in [(3,), (1, 3), (2, 4, 2)]:
        with pytest.raises(
            ValueError, match=r"Cell\(2, 3\) takes inputs of shape \(B, 2\)"
        ) as caught:
            cell(Tensor(np.ones(shape, "float32")))
        assert str(shape) in str(caught.value)


@pytest.mark.parametrize("make", [nn.RNN, nn.LSTM])
def test_impossible_layers_are_refused(here, make):
    for arguments, message in [((0, 3), "0"), ((2, -1), "-1"), ((2, 3, 0), "num_layers .* 0")]:
        with pytest.raises(ValueError, match=message):
            make(*arguments)


def test_unknown_nonlinearity_is_refused(here):
    for make in (nn.RNN, nn.RNNCell):
        with pytest.raises(ValueError, match="'tanh' or 'relu', got 'sigmoid'"):
            make(2, 3, nonlinearity="sigmoid")
