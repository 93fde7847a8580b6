"""State of optimisers: snapshots, going on from them, and states that do not fit."""

import copy
import math
from functools import partial

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_hw2 import optim

KINDS = {
    "sgd": partial(optim.SGD, lr=0.1),
    "damped": partial(optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.1),
    "nesterov": partial(optim.SGD, momentum=0.9, dampening=0, nesterov=True),
    "adam": partial(optim.Adam, weight_decay=0.1),
    "adamw": optim.AdamW,
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
SHAPES = [(), (3,), (2, 3), (0,)]


def leaves_of(value):
    """Yield what a state is made of."""
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from leaves_of(member)
    else:
        yield value


def draw_grads(params, rng, skip=None):
    for position, parameter in enumerate(params):
        values = rng.standard_normal(parameter.shape)
        parameter.grad = None if position == skip else Tensor(values, dtype="float32")


@every_kind
def test_training_that_goes_on_from_a_state_is_bit_equal(kind, make_params, rng):
    params = make_params(*SHAPES)
    optimizer = kind(params)
    for step in range(5):
        draw_grads(params, rng, skip=step % 2)
        optimizer.step()
    optimizer.lr = 0.07
    saved = optimizer.state_dict()
    resumed = [Tensor(parameter.numpy()) for parameter in params]
    other = kind(resumed)
    other.load_state_dict(saved)
    for step in range(5):
        draw_grads(params, rng, skip=step)
        for a, b in zip(params, resumed, strict=True):
            b.grad = a.grad
        optimizer.step()
        other.step()
    for a, b in zip(params, resumed, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
    assert other.lr == 0.07


@every_kind
def test_snapshot_does_not_change_with_later_steps(kind, make_params):
    params = make_params(*SHAPES)
    optimizer = kind(params)
    optimizer.step()
    saved = optimizer.state_dict()
    before = copy.deepcopy(saved)
    optimizer.step()
    optimizer.lr = 0.5
    for a, b in zip(leaves_of(saved), leaves_of(before), strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))


@every_kind
def test_state_that_was_loaded_is_a_copy(kind, make_params):
    params = make_params(*SHAPES)
    optimizer = kind(params)
    optimizer.step()
    saved = optimizer.state_dict()
    before = copy.deepcopy(saved)
    optimizer.load_state_dict(saved)
    optimizer.step()
    for a, b in zip(leaves_of(saved), leaves_of(before), strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))


@every_kind
def test_state_is_made_of_tensors_and_plain_values(kind, make_params):
    optimizer = kind(make_params(*SHAPES))
    optimizer.step()
    optimizer.param_groups[0]["lr"] = np.float64(0.1)
    allowed = {Tensor, int, float, bool, type(None), str}
    assert {type(leaf) for leaf in leaves_of(optimizer.state_dict())} <= allowed


def test_names_of_the_state_are_those_of_the_formulas(make_params):
    a, b = make_params((2,), (2,))
    b.grad = None
    adam, sgd = optim.Adam([a, b], lr=0.5), optim.SGD([{"params": [b]}, {"params": [a]}])
    sgd.param_groups[1]["momentum"] = 0.9
    for optimizer in (adam, sgd):
        assert optimizer.state_dict()["state"] == {}
        optimizer.step()
    state = adam.state_dict()
    assert list(state) == ["optimizer", "state", "param_groups"]
    assert state["optimizer"] == "Adam"
    assert list(state["state"]) == [0]
    assert list(state["state"][0]) == ["step", "first_moment", "second_moment"]
    assert state["state"][0]["step"] == 1
    assert state["param_groups"] == [
        {"lr": 0.5, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0,
         "params": [0, 1]}
    ]  # fmt: skip
    assert {position: list(entry) for position, entry in sgd.state_dict()["state"].items()} == {
        1: ["velocity"]
    }
    assert [group["params"] for group in sgd.state_dict()["param_groups"]] == [[0], [1]]


def test_settings_of_every_group_are_loaded(make_params):
    a, b = make_params((1,), (2,))
    groups = [{"params": [a], "lr": 0.5}, {"params": [b], "beta1": 0.5}]
    saved = optim.Adam(groups).state_dict()
    optimizer = optim.Adam([{"params": [a]}, {"params": [b]}])
    optimizer.load_state_dict(saved)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.01]
    assert [group["beta1"] for group in optimizer.param_groups] == [0.9, 0.5]
    assert [id(p) for p in optimizer.params] == [id(a), id(b)]


def test_state_replaces_what_was_there(make_params):
    params = make_params((1,), (2,))
    optimizer = optim.Adam(params)
    fresh = optimizer.state_dict()
    optimizer.step()
    optimizer.load_state_dict(fresh)
    assert optimizer.state_dict()["state"] == {}


def test_moments_are_taken_as_arrays_and_in_the_dtype_of_the_parameter(make_params, device):
    (p,) = make_params((2,), device=device)
    optimizer = optim.SGD([p], momentum=0.5)
    saved = optimizer.state_dict()
    saved["state"] = {0: {"velocity": np.array([1.0, 1e300])}}
    optimizer.load_state_dict(saved)
    loaded = optimizer.state_dict()["state"][0]["velocity"]
    assert loaded.dtype == "float32"
    assert loaded.device == device
    assert loaded.numpy().tolist() == [1.0, math.inf]


@every_kind
def test_state_goes_to_the_device_of_the_parameters(kind, make_params, second_device):
    far = second_device()
    params = make_params((3,), (2, 2))
    optimizer = kind(params)
    optimizer.step()
    moved = [Tensor(p.numpy(), device=far) for p in params]
    other = kind(moved)
    other.load_state_dict(optimizer.state_dict())
    for a, b in zip(params, moved, strict=True):
        b.grad = Tensor(a.grad.numpy(), device=far)
    optimizer.step()
    other.step()
    for a, b in zip(params, moved, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


def changed(path, value):
    """Return a function that sets, or with `...` deletes, one entry of a state."""

    def change(saved):
        *way, last = path
        inner = saved
        for key in way:
            inner = inner[key]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value

    return change


MISFITS = [
    (changed(["optimizer"], "AdamW"), ValueError, "state is one of AdamW, not of Adam"),
    (changed(["optimizer"], ...), ValueError, "the state lacks optimizer"),
    (changed(["state"], ...), ValueError, "the state lacks state"),
    (changed(["more"], 1), ValueError, "the state has the unknown more"),
    (changed(["param_groups"], []), ValueError, "state has 0 parameter groups, the optimiser 2"),
    (changed(["param_groups"], {}), TypeError, "param_groups of the state is a list, not dict"),
    (changed(["param_groups", 1], 5), TypeError, "group 1 of the state is a dict, not int"),
    (changed(["param_groups", 1, "params"], [1, 2]), ValueError, r"group 1 .*\[1, 2\].*\[1\]"),
    (changed(["param_groups", 1, "params"], []), ValueError, r"group 1 .*\[\], .*\[1\]"),
    (changed(["param_groups", 1, "lr"], ...), ValueError, "group 1 of the state lacks lr"),
    (changed(["param_groups", 1, "momentum"], 0.9), ValueError, "group 1 .* unknown momentum"),
    (changed(["param_groups", 1, "lr"], -1.0), ValueError, r"lr is in \[0, inf\), got -1"),
    (changed(["param_groups", 1, "eps"], math.nan), ValueError, "eps is in .* got nan"),
    (changed(["param_groups", 1, "beta1"], "0.9"), TypeError, "beta1 is a number, not str"),
    (changed(["state"], []), TypeError, "state of the state is a dict, not list"),
    (changed(["state", 2], {}), ValueError, "state has a parameter 2, the optimiser has 0 to 1"),
    (changed(["state", -1], {}), ValueError, "state has a parameter -1"),
    (changed(["state", "0"], {}), ValueError, "state has a parameter '0'"),
    (changed(["state", 1], None), TypeError, "state of parameter 1 is a dict, not NoneType"),
    (changed(["state", 1, "second_moment"], ...), ValueError, "parameter 1 lacks second_moment"),
    (changed(["state", 1, "velocity"], 1), ValueError, "parameter 1 has the unknown velocity"),
    (changed(["state", 1, "step"], 0), ValueError, "step of parameter 1 .* above 0, got 0"),
    (changed(["state", 1, "step"], 1.5), ValueError, "step of parameter 1 .* got 1.5"),
    (changed(["state", 1, "step"], True), ValueError, "step of parameter 1 .* got True"),
    (changed(["state", 1, "first_moment"], 1.0), TypeError, "first_moment .* tensor, not float"),
    (changed(["state", 1, "first_moment"], Tensor(np.ones((1, 3)))), ValueError,
     r"first_moment of parameter 1 has shape \(1, 3\), the parameter \(3,\)"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error", "message"), MISFITS)
def test_state_that_does_not_fit_is_refused_and_changes_nothing(
    change, error, message, make_params
):
    a, b = make_params((2,), (3,))
    optimizer = optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.5}])
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    optimizer.step()
    before = copy.deepcopy(optimizer.state_dict())
    saved["param_groups"][0]["lr"] = 0.125
    change(saved)
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(saved)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for x, y in zip(leaves_of(after["state"]), leaves_of(before["state"]), strict=True):
        assert np.array_equal(np.asarray(x), np.asarray(y))


def test_state_that_is_no_dict_is_refused(make_params):
    with pytest.raises(TypeError, match="the state is a dict, not NoneType"):
        optim.SGD(make_params((1,))).load_state_dict(None)


def test_state_of_another_number_of_parameters_is_refused(make_params):
    a, b = make_params((2,), (2,))
    saved = optim.SGD([a, b]).state_dict()
    with pytest.raises(ValueError, match=r"group 0 .* parameters \[0, 1\], the optimiser's \[0\]"):
        optim.SGD([a]).load_state_dict(saved)
