"""What all optimisers share: groups, gradients, the memory of parameters, and errors."""

import math
import re
from functools import partial

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_hw2 import optim
from needle_shared.testing import assert_close

KINDS = [
    optim.SGD,
    partial(optim.SGD, momentum=0.9, weight_decay=0.1),
    partial(optim.SGD, momentum=0.9, dampening=0, nesterov=True),
    partial(optim.Adam, weight_decay=0.1),
    optim.AdamW,
]
every_kind = pytest.mark.parametrize(
    "kind", KINDS, ids=["sgd", "momentum", "nesterov", "adam", "adamw"]
)


# Memory and graphs


@every_kind
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_step_writes_into_no_array_of_others(kind, shape, make_params):
    (p,) = make_params(shape)
    optimizer = kind([p])
    for _ in range(3):
        before, grad = p.data, p.grad.data
        values = before.numpy(), grad.numpy()
        optimizer.step()
        assert p.cached_data is not before.cached_data
        assert p.size == 0 or not np.array_equal(p.numpy(), values[0])
        for tensor, value in zip((before, grad), values, strict=True):
            assert np.array_equal(tensor.numpy(), value)
            assert not np.shares_memory(p.cached_data, tensor.cached_data)


@every_kind
def test_step_accepts_arrays_that_cannot_be_written(kind):
    p = Tensor.make_const(np.broadcast_to(np.float32(1.0), (2, 3)), requires_grad=True)
    optimizer = kind([p])
    for _ in range(3):
        p.sum().backward()  # a broadcast view, read-only
        assert not p.grad.cached_data.flags.writeable
        optimizer.step()
    assert len(np.unique(p.numpy())) == 1
    assert p.numpy()[0, 0] < 1.0


@every_kind
def test_parameters_that_share_an_array_move_apart(kind):
    array = np.ones(2)
    a, b = (Tensor.make_const(array, requires_grad=True) for _ in range(2))
    a.grad = b.grad = Tensor(np.ones(2))  # one gradient for both, as of a + b
    single = Tensor(array)
    single.grad = Tensor(np.ones(2))
    optimizer, other = kind([a, b]), kind([single])
    for _ in range(3):
        optimizer.step()
        other.step()
    assert array.tolist() == [1.0, 1.0]
    assert a.numpy().tolist() == b.numpy().tolist() == single.numpy().tolist()


@every_kind
def test_graph_from_before_a_step_keeps_its_values(kind):
    p = Tensor(np.array([2.0, 3.0]))
    loss = (p * p * p).sum()
    loss.backward(create_graph=False)
    kind([p]).step()
    loss.backward()
    assert_close(p.grad, [12.0, 27.0])


@every_kind
def test_step_builds_no_graph(kind, make_params):
    params = make_params((3,), (2, 2))
    optimizer = kind(params)
    for parameter in params:
        (parameter * parameter).sum().backward()
    optimizer.step()
    for parameter in params:
        assert parameter.is_leaf()
        assert parameter.requires_grad
        assert parameter.inputs == ()


@every_kind
def test_step_inside_lazy_and_no_grad_is_the_same(kind, rng):
    start = rng.standard_normal(3)
    results = []
    for mode in (None, ndl.lazy, ndl.no_grad):
        p = Tensor(start)
        optimizer = kind([p])
        for _ in range(3):
            p.grad = None
            (p * p).sum().backward(create_graph=False)
            if mode is None:
                optimizer.step()
            else:
                with mode():
                    optimizer.step()
        results.append(p.numpy())
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_deferred_gradient_is_computed():
    p = Tensor(np.array([1.0, 2.0]))
    with ndl.lazy():
        p.grad = Tensor(np.array([1.0, 1.0])) * 2.0
    assert p.grad.cached_data is None
    optim.SGD([p], lr=0.5).step()
    assert p.numpy().tolist() == [0.0, 1.0]


@every_kind
def test_numpy_warns_of_nothing(kind):
    p = Tensor(np.array([1e38, np.inf, np.nan, 0.0, 1e-45]), dtype="float32")
    p.grad = Tensor(np.array([1e38, 1.0, 1.0, np.inf, 1e-45]), dtype="float32")
    optimizer = kind([p])
    optimizer.lr = 1e3
    with np.errstate(all="raise"):
        optimizer.step()
        optimizer.step()


# Dtypes, shapes and devices


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0, 2), (3,)])
def test_dtype_shape_and_device_are_kept(kind, dtype, shape, device, make_params):
    (p,) = make_params(shape, device=device, dtype=dtype)
    optimizer = kind([p])
    for name in ("lr", "weight_decay"):
        optimizer.param_groups[0][name] = np.float64(0.125)  # would promote float32
    for _ in range(2):
        optimizer.step()
    state = optimizer.state_dict()["state"].get(0, {})
    for tensor in (p, *(value for name, value in state.items() if name != "step")):
        assert type(tensor) is Tensor
        assert tensor.dtype == dtype
        assert tensor.shape == shape
        assert tensor.device == device
        assert type(tensor.cached_data) is type(device.full(shape, 0.0))


@every_kind
def test_gradient_of_another_dtype_is_converted(kind, rng):
    start, gradient = rng.standard_normal((2, 4)).astype("float32")
    results = []
    for dtype in ("float32", "float64"):
        p = Tensor(start)
        p.grad = Tensor(gradient, dtype=dtype)
        optimizer = kind([p])
        optimizer.step()
        optimizer.step()
        assert p.dtype == "float32"
        results.append(p.numpy())
    assert np.array_equal(*results)


@pytest.mark.parametrize("wrong", [(3, 1), (1,), (), (2,), (3, 3)])
def test_gradient_of_another_shape_is_refused_before_anything_is_updated(wrong, make_params):
    params = make_params((2,), (3,))
    params[1].grad = Tensor(np.ones(wrong))
    optimizer = optim.Adam(params)
    before = [parameter.cached_data for parameter in params]
    message = re.escape(f"parameter 1 has shape {wrong}, the parameter (3,)")
    with pytest.raises(ValueError, match=message):
        optimizer.step()
    assert all(p.cached_data is array for p, array in zip(params, before, strict=True))
    assert optimizer.state_dict()["state"] == {}


@every_kind
def test_state_follows_a_parameter_to_another_device(kind, second_device, rng):
    far = second_device()
    stay, move = Tensor(np.ones(3)), Tensor(np.ones(3))
    optimizers = kind([stay]), kind([move])
    for step in range(4):
        gradient = Tensor(rng.standard_normal(3))
        stay.grad = gradient
        if step == 2:
            move.cached_data = far.array(move.numpy())
        move.grad = gradient if step < 2 else Tensor(gradient, device=far)
        for optimizer in optimizers:
            optimizer.step()
    assert move.device == far.home
    assert np.array_equal(move.numpy(), stay.numpy())


def test_gradient_on_another_device_is_refused(second_device):
    p = Tensor(np.ones(2))
    p.grad = Tensor(np.ones(2), device=second_device())
    with pytest.raises(ValueError, match="one device"):
        optim.SGD([p]).step()
    assert p.numpy().tolist() == [1.0, 1.0]


def test_gradient_that_is_no_tensor_is_refused(make_params):
    params = make_params((2,))
    params[0].grad = np.ones(2)
    with pytest.raises(TypeError, match="gradient of parameter 0 is ndarray"):
        optim.SGD(params).step()


def test_moment_that_no_longer_fits_is_refused():
    p = Tensor(np.ones((1, 2)))
    p.grad = Tensor(np.ones((1, 2)))
    optimizer = optim.Adam([p])
    optimizer.step()
    p.data = Tensor(np.ones(2))
    p.grad = Tensor(np.ones(2))
    message = r"first_moment of parameter 0 has shape \(1, 2\), the parameter \(2,\)"
    with pytest.raises(ValueError, match=message):
        optimizer.step()
    assert p.numpy().tolist() == [1.0, 1.0]


# Groups


def test_groups_have_their_own_settings_and_share_the_defaults(make_params):
    a, b, c = make_params((2,), (2,), (2,))
    groups = [{"params": [a, b], "lr": 0.1}, {"params": iter([c]), "weight_decay": 0.5}]
    optimizer = optim.SGD(groups, lr=1.0, momentum=0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 1.0]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.0, 0.5]
    assert [group["momentum"] for group in optimizer.param_groups] == [0.5, 0.5]
    assert [id(p) for p in optimizer.params] == [id(p) for p in (a, b, c)]
    assert groups[0].keys() == {"params", "lr"}  # the caller's dicts are left alone


def test_each_group_is_updated_by_its_own_settings(rng):
    starts, gradients = rng.standard_normal((2, 3, 4))
    params = [Tensor(start) for start in starts]
    optimizer = optim.SGD([{"params": params[:2], "lr": 0.1}], lr=1.0)
    optimizer.add_param_group({"params": params[2:], "weight_decay": 0.5})
    for parameter, gradient in zip(params, gradients, strict=True):
        parameter.grad = Tensor(gradient)
    optimizer.step()
    for i in range(2):
        assert_close(params[i], starts[i] - 0.1 * gradients[i])
    assert_close(params[2], starts[2] - (gradients[2] + 0.5 * starts[2]))


def test_state_of_a_group_that_is_added_later_is_its_own(make_params):
    a, b = make_params((2,), (3,))
    optimizer = optim.Adam([a])
    optimizer.step()
    optimizer.add_param_group({"params": [b]})
    optimizer.step()
    assert [optimizer.state[i]["step"] for i in range(2)] == [2, 1]
    assert optimizer.state[1]["first_moment"].shape == (3,)


def test_lr_is_read_from_the_first_group_and_set_in_all(make_params):
    a, b = make_params((1,), (1,))
    optimizer = optim.Adam([{"params": [a], "lr": 0.5}, {"params": [b]}])
    assert optimizer.lr == 0.5
    optimizer.lr = 0.25
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
    optimizer.param_groups[1]["lr"] = 0.0
    before = b.numpy()
    optimizer.step()
    assert np.array_equal(b.numpy(), before)


def test_generator_of_parameters_is_taken(make_params):
    params = make_params((2,), (3,))
    optimizer = optim.SGD(parameter for parameter in params)
    assert [id(p) for p in optimizer.params] == [id(p) for p in params]


@pytest.mark.parametrize("name", ["reset_grad", "zero_grad"])
def test_gradients_are_forgotten(name, make_params):
    params = make_params((2,), (3,), (1,))
    optimizer = optim.SGD([{"params": params[:1]}, {"params": params[1:]}])
    getattr(optimizer, name)()
    assert [parameter.grad for parameter in params] == [None, None, None]


def test_own_rule_needs_only_update():
    class SignDescent(optim.Optimizer):
        def update(self, parameter, gradient, state, settings):
            return parameter - np.sign(gradient) * settings["lr"]

    p = Tensor(np.zeros(3))
    p.grad = Tensor(np.array([-5.0, 0.0, 0.1]))
    SignDescent([p], lr=2.0).step()
    assert p.numpy().tolist() == [2.0, 0.0, -2.0]
    with pytest.raises(TypeError, match="lr is a number, not NoneType"):
        SignDescent([p])
    without_rule = optim.Optimizer([p], lr=1.0)
    with pytest.raises(NotImplementedError, match=r"Optimizer\.update"):
        without_rule.step()


# Errors


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
@pytest.mark.parametrize("name", ["lr", "weight_decay"])
@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf, -math.inf, np.float32(-1)])
def test_setting_out_of_range_is_named(kind, name, value, make_params):
    (parameter,) = make_params((1,))
    with pytest.raises(ValueError, match=rf"{name} is in \[0, inf\), got {value}"):
        kind([parameter], **{name: value})
    with pytest.raises(ValueError, match=rf"{name} is in \[0, inf\), got {value}"):
        kind([{"params": [parameter], name: value}])


@pytest.mark.parametrize(
    ("kind", "name"),
    [(optim.SGD, "momentum"), (optim.SGD, "dampening"), (optim.Adam, "beta1"),
     (optim.Adam, "beta2"), (optim.AdamW, "beta1"), (optim.AdamW, "beta2")],
)  # fmt: skip
@pytest.mark.parametrize("value", [1, 1.5, -0.1, math.nan])
def test_share_outside_of_0_to_1_is_named(kind, name, value, make_params):
    with pytest.raises(ValueError, match=rf"{name} is in \[0, 1\), got {value}"):
        kind(make_params((1,)), **{name: value})


@pytest.mark.parametrize("value", [-1e-8, math.nan])
def test_negative_eps_is_refused(value, make_params):
    with pytest.raises(ValueError, match=r"eps is in \[0, inf\)"):
        optim.Adam(make_params((1,)), eps=value)


@pytest.mark.parametrize("name", ["lr", "momentum", "weight_decay", "dampening"])
def test_setting_that_is_no_number_is_named(name, make_params):
    with pytest.raises(TypeError, match=f"{name} is a number, not str"):
        optim.SGD(make_params((1,)), **{name: "0.5"})


@pytest.mark.parametrize(
    "settings",
    [{}, {"momentum": 0.9}, {"dampening": 0}, {"momentum": 0.9, "dampening": 0.5},
     {"momentum": 0.9, "dampening": None}],
)  # fmt: skip
def test_nesterov_without_undamped_momentum_is_refused(settings, make_params):
    with pytest.raises(ValueError, match="nesterov needs dampening=0 and a momentum above 0"):
        optim.SGD(make_params((1,)), nesterov=True, **settings)


def test_nesterov_is_true_or_false(make_params):
    with pytest.raises(TypeError, match="nesterov is True or False, got 'no'"):
        optim.SGD(make_params((1,)), momentum=0.9, dampening=0, nesterov="no")


@pytest.mark.parametrize("params", [[], (), iter([]), [{"params": []}]])
def test_empty_list_of_parameters_is_refused(params):
    with pytest.raises(ValueError, match="at least one parameter"):
        optim.SGD(params)


@pytest.mark.parametrize("params", [Tensor(np.ones(2)), None, 3, {"params": []}])
def test_params_that_is_no_list_is_refused(params):
    with pytest.raises(TypeError, match=f"not {type(params).__name__}"):
        optim.SGD(params)


@pytest.mark.parametrize("wrong", [np.ones(2), 1.0, "w", None, {"params": []}])
def test_parameter_that_is_no_tensor_is_named_by_position_and_type(wrong, make_params):
    with pytest.raises(TypeError, match=f"parameter 1 is {type(wrong).__name__}, not a tensor"):
        optim.SGD([*make_params((1,)), wrong])


def test_parameter_that_cannot_be_trained_is_named(make_params):
    good = make_params((1,))
    constant = Tensor(np.ones((2, 3)), requires_grad=False)
    with pytest.raises(ValueError, match=r"parameter 1, of shape \(2, 3\).* requires no gradient"):
        optim.SGD([*good, constant])
    with pytest.raises(ValueError, match=r"parameter 1 is a result of MulScalar: only leaves"):
        optim.SGD([*good, good[0] * 2.0])
    with pytest.raises(TypeError, match=r"parameter 1, .*int64, is not of a floating-point dtype"):
        optim.SGD([*good, Tensor(np.ones(2, dtype="int64"))])


def test_tensor_that_is_given_twice_is_named(make_params):
    a, b = make_params((1,), (1,))
    with pytest.raises(ValueError, match="parameters 0 and 2 are the same tensor"):
        optim.SGD([a, b, a])
    optimizer = optim.SGD([a, b])
    with pytest.raises(ValueError, match="parameters 1 and 2 are the same tensor"):
        optimizer.add_param_group({"params": [b]})
    with pytest.raises(ValueError, match="parameters 1 and 2 are the same tensor"):
        optim.SGD([{"params": [a, b]}, {"params": [b]}])


@pytest.mark.parametrize(
    ("group", "error", "message"),
    [
        ({"momentun": 0.9}, ValueError, "unknown setting 'momentun': a group has params, lr, mom"),
        ({"beta1": 0.9}, ValueError, "unknown setting 'beta1'"),
        ({"lr": -1.0}, ValueError, "lr is in"),
        ({"momentum": 1.0}, ValueError, "momentum is in"),
        ({"params": None}, TypeError, "'params' of a group are a list of tensors, not NoneType"),
        ({"params": Tensor([1.0])}, TypeError, "a list of tensors, not Tensor"),
        ({"params": [Tensor([1.0]), 5]}, TypeError, "parameter 2 is int"),
    ],
)
def test_wrong_group_is_refused_and_changes_nothing(group, error, message, make_params):
    a, b = make_params((1,), (1,))
    optimizer = optim.SGD([a])
    with pytest.raises(error, match=message):
        optimizer.add_param_group({"params": [b], **group})
    assert len(optimizer.param_groups) == 1
    assert len(optimizer.params) == 1


def test_group_without_parameters_or_that_is_no_dict_is_refused(make_params):
    optimizer = optim.SGD(make_params((1,)))
    with pytest.raises(TypeError, match="'params' of a group are a list of tensors, not NoneType"):
        optimizer.add_param_group({"lr": 0.1})
    with pytest.raises(TypeError, match="a group is a dict, not list"):
        optimizer.add_param_group(make_params((1,)))


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf])
def test_lr_that_is_assigned_is_checked(rate, make_params):
    optimizer = optim.SGD(make_params((1,)), lr=0.5)
    with pytest.raises(ValueError, match="lr is in"):
        optimizer.lr = rate
    assert optimizer.lr == 0.5
