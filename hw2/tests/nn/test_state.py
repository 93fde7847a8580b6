"""`state_dict` and `load_state_dict`: a round trip, or an error that changes nothing."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw2 import Tensor, nn
from needle_hw2.nn import Module, Parameter
from needle_shared.testing import assert_close


class Counting(Module):
    """Parameters and buffers of several dtypes."""

    def __init__(self, seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.weight = Parameter(rng.standard_normal((2, 3)).astype("float32"))
        self.fine = Parameter(rng.standard_normal(3))
        self.count = Tensor(rng.integers(100, size=()), requires_grad=False)
        self.seen = Tensor(np.array([True, False]), requires_grad=False)
        self.body = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def values(module):
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def assert_same(module, expected):
    found = values(module)
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


@pytest.fixture
def model():
    return Counting()


@pytest.fixture
def state():
    """Return a state of the same names and shapes, and other values."""
    return Counting(seed=1).state_dict()


@pytest.mark.parametrize(
    "convert", [lambda t: t, lambda t: t.numpy(), lambda t: t.numpy().tolist()]
)
def test_round_trip_of_tensors_arrays_and_lists(model, state, convert):
    expected = {name: tensor.numpy() for name, tensor in state.items()}
    tensors = [*model.parameters(), *model.buffers()]
    differ = model.load_state_dict({name: convert(tensor) for name, tensor in state.items()})
    assert differ.missing == differ.unexpected == []
    assert_same(model, expected)
    now = [*model.parameters(), *model.buffers()]
    assert all(a is b for a, b in zip(now, tensors, strict=True))
    assert all(p.requires_grad for p in model.parameters())
    assert not model.count.requires_grad


def test_state_is_made_of_constants(model):
    for tensor in model.state_dict().values():
        assert type(tensor) is Tensor
        assert not tensor.requires_grad
        assert tensor.is_leaf()


def test_state_does_not_change_with_the_model(model, rng):
    state = model.state_dict()
    before = {name: tensor.numpy() for name, tensor in state.items()}
    x = Tensor(rng.standard_normal((4, 2)).astype("float32"))
    model.body(x).sum().backward()
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.data = parameter.data - 0.1 * parameter.grad.data
    assert not np.array_equal(model.body[1].running_mean.numpy(), before["body.1.running_mean"])
    for name, tensor in state.items():
        np.testing.assert_array_equal(tensor.numpy(), before[name])


def test_loaded_state_shares_no_memory_with_the_model(model, state):
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    model.load_state_dict(arrays)
    expected = values(model)
    for array in arrays.values():
        array[...] = 1
    assert_same(model, expected)


def test_existing_graphs_keep_the_values_from_which_they_were_made(model, state):
    x = Tensor(np.ones((4, 2), "float32"))
    y = model.body[0](x)
    weight = model.body[0].weight.numpy()
    model.load_state_dict(state)
    y.backward()
    assert_close(x.grad, np.broadcast_to(weight.sum(1), (4, 2)))


def test_values_are_converted_to_the_dtype_of_the_model(model, state):
    wanted = {name: tensor.dtype for name, tensor in model.state_dict().items()}
    swap = {"float32": "float64", "float64": "float16", "int64": "uint8", "bool": "int8"}
    model.load_state_dict({k: v.numpy().astype(swap[v.dtype.name]) for k, v in state.items()})
    assert {name: tensor.dtype for name, tensor in model.state_dict().items()} == wanted
    big_endian = {k: v.numpy().astype(v.dtype.newbyteorder(">")) for k, v in state.items()}
    model.load_state_dict(big_endian)
    assert_same(model, {name: tensor.numpy() for name, tensor in state.items()})


def test_value_too_large_for_the_dtype_is_infinite_without_a_warning(model, state):
    state["weight"] = np.full((2, 3), 1e300)
    model.load_state_dict(state)
    assert np.isinf(model.weight.numpy()).all()


def change(state, **changes):
    """Return a copy of a state: with changes by name, without what is changed to None."""
    changes = {name.replace("__", "."): value for name, value in changes.items()}
    return {name: v for name, v in {**state, **changes}.items() if v is not None}


ONE_FAULT = [
    ({"fine": None}, r"missing fine"),
    ({"fine": None, "seen": None}, r"missing fine, seen"),
    ({"other": 1.0}, r"unexpected other"),
    ({"fine": None, "other": 1.0}, r"missing fine; unexpected other"),
    ({"weight": np.ones((3, 2))}, r"weight has shape \(3, 2\), not \(2, 3\)"),
    ({"weight": 1.0}, r"weight has shape \(\), not \(2, 3\)"),
    ({"count": np.ones(1, int)}, r"count has shape \(1,\), not \(\)"),
    ({"body__1__running_var": np.ones(4)}, r"body.1.running_var has shape \(4,\), not \(3,\)"),
    ({"weight": np.ones((2, 3), int)}, r"weight has dtype int64, not float32"),
    ({"weight": np.ones((2, 3), bool)}, r"weight has dtype bool, not float32"),
    ({"weight": np.ones((2, 3), complex)}, r"weight has dtype complex128, not float32"),
    ({"weight": np.full((2, 3), "a")}, r"weight has dtype <U1, not float32"),
    ({"count": 1.0}, r"count has dtype float64, not int64"),
    ({"count": "x"}, r"count has dtype <U1, not int64"),
    ({"count": np.array(None)}, r"count has dtype object, not int64"),
    ({"count": 1j}, r"count has dtype complex128, not int64"),
    ({"count": np.datetime64("2020-01-01")}, r"count has dtype datetime64.*, not int64"),
    ({"count": 2**70}, r"count has dtype object, not int64"),
]


@pytest.mark.parametrize(("changes", "message"), ONE_FAULT)
def test_faults_are_named_and_nothing_is_changed(model, state, changes, message):
    before = values(model)
    with pytest.raises(ValueError, match=f"does not fit Counting: {message}"):
        model.load_state_dict(change(state, **changes))
    assert_same(model, before)


def test_all_faults_are_named_at_once(model, state):
    bad = change(state, fine=None, other=1.0, weight=1.0, count=0.5)
    with pytest.raises(ValueError, match="does not fit") as caught:
        model.load_state_dict(bad)
    for part in ("missing fine", "unexpected other", "weight has shape", "count has dtype"):
        assert part in str(caught.value)


def test_not_strict_takes_what_is_there_and_returns_the_rest(model, state):
    before = values(model)
    partial = change(state, fine=None, body__0__bias=None, other=1.0)
    differ = model.load_state_dict(partial, strict=False)
    assert differ.missing == ["fine", "body.0.bias"]
    assert differ.unexpected == ["other"]
    expected = {
        name: before[name] if name in differ.missing else state[name].numpy() for name in before
    }
    assert_same(model, expected)
    assert model.load_state_dict({}, strict=False).missing == list(before)


def test_not_strict_refuses_values_that_do_not_fit(model, state):
    before = values(model)
    with pytest.raises(ValueError, match="weight has shape"):
        model.load_state_dict({"fine": state["fine"], "weight": 1.0}, strict=False)
    assert_same(model, before)


def test_ragged_list_changes_nothing(model, state):
    before = values(model)
    with pytest.raises(ValueError, match=r"weight|inhomogeneous"):
        model.load_state_dict(change(state, weight=[[1.0], [1.0, 2.0]]))
    assert_same(model, before)


def test_two_tensors_of_one_name_are_refused():
    model = Module()
    model.parts = {"a": {"b": Parameter([1.0])}, "a.b": Parameter([2.0])}
    for use in (model.state_dict, lambda: model.load_state_dict({"parts.a.b": [1.0]})):
        with pytest.raises(ValueError, match=r"'parts.a.b'"):
            use()
    model.parts = {1: Parameter([1.0]), "1": Tensor([2.0])}
    with pytest.raises(ValueError, match=r"'parts.1'"):
        model.state_dict()


def test_state_goes_to_the_device_of_the_model(second_device, model, state):
    far = second_device()
    copy.deepcopy(model)
    model.to(far)
    model.load_state_dict(state)
    for name, tensor in model.state_dict().items():
        assert tensor.device == far.home
        np.testing.assert_array_equal(tensor.numpy(), state[name].numpy())
    near = Counting()
    near.load_state_dict(model.state_dict())
    assert_same(near, {name: tensor.numpy() for name, tensor in state.items()})


shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
trees = st.recursive(
    st.builds(lambda s: Parameter(np.ones(s, "float32")), shapes)
    | st.builds(lambda s: Tensor(np.ones(s, "int32"), requires_grad=False), shapes),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@given(trees, st.randoms(use_true_random=False))
def test_any_tree_of_state_makes_the_round_trip(tree, random):
    model, other = Module(), Module()
    model.tree, other.tree = tree, copy.deepcopy(tree)
    for tensor in [*other.parameters(), *other.buffers()]:
        tensor.data = tensor.data * random.randint(2, 9)
    expected = values(other)
    model.load_state_dict(other.state_dict())
    assert_same(model, expected)
    trained = sum(p.size for p in model.parameters())
    kept = sum(b.size for b in model.buffers())
    assert trained + kept == sum(array.size for array in expected.values())
