"""`Module`: what it finds inside and in which order, modes, gradients, copies."""

import copy
import pickle

import numpy as np
import pytest

import needle_hw2 as ndl
from needle_hw2 import Tensor, nn
from needle_hw2.nn import Module, Parameter
from needle_shared.testing import assert_close


def parameter(*values):
    return Parameter(np.array(values, "float32"))


class Nest(Module):
    """Everything that may hold state, in a known order."""

    def __init__(self):
        super().__init__()
        self.second = parameter(2.0)
        self.first = parameter(1.0)
        self.inner = nn.Linear(2, 3, bias=False)
        self.steps = [parameter(3.0), nn.Linear(1, 1), [parameter(4.0)]]
        self.named = {"b": parameter(5.0), "a": (parameter(6.0), nn.ReLU())}
        self.count = Tensor(7, requires_grad=False)
        self.nothing = None
        self.words = "weight"
        self._private = parameter(8.0)
        self._scratch = Tensor(9.0)
        self._norm = nn.BatchNorm1d(2)


NAMES = [
    "second", "first", "inner.weight", "steps.0", "steps.1.weight", "steps.1.bias", "steps.2.0",
    "named.b", "named.a.0", "_private", "_norm.weight", "_norm.bias",
]  # fmt: skip


def test_parameters_come_depth_first_in_the_order_in_which_attributes_were_set():
    nest = Nest()
    assert [name for name, _ in nest.named_parameters()] == NAMES
    named = [p for _, p in nest.named_parameters()]
    assert all(a is b for a, b in zip(nest.parameters(), named, strict=True))
    assert nest.parameters()[0] is nest.second
    assert all(type(p) is Parameter for p in nest.parameters())


def test_buffers_are_the_tensors_that_are_not_trained_and_not_private():
    nest = Nest()
    names = ["count", "_norm.running_mean", "_norm.running_var"]
    assert [name for name, _ in nest.named_buffers()] == names
    assert nest.buffers()[0] is nest.count
    assert list(nest.state_dict()) == NAMES + names


def test_private_tensor_is_a_buffer_where_a_public_attribute_has_it_too():
    class Both(Module):
        def __init__(self, *, private_first):
            super().__init__()
            tensor, both = Tensor(1.0), [Tensor(2.0)]
            for name in ["_own", "shown"] if private_first else ["shown", "_own"]:
                setattr(self, name, [tensor])
                setattr(self, f"{name}_list", both)

    for private_first in (True, False):
        names = list(Both(private_first=private_first).state_dict())
        assert names == ["shown.0", "shown_list.0"]


def test_modules_are_found_with_their_names():
    nest = Nest()
    names = ["", "inner", "steps.1", "named.a.1", "_norm"]
    assert [name for name, _ in nest.named_modules()] == names
    assert next(iter(nest.modules())) is nest
    assert [name for name, _ in nest.named_children()] == names[1:]
    assert next(iter(nest.children())) is nest.inner
    deep = nn.Residual(nn.Sequential(nn.ReLU()))
    assert [name for name, _ in deep.named_children()] == ["fn"]
    assert [name for name, _ in deep.named_modules()] == ["", "fn", "fn.0"]


def test_shared_parameters_and_modules_count_once():
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    model.again = layer.weight
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias"]
    assert len(list(Module.modules(model))) == 3
    assert [name for name, _ in model.named_children()] == ["0", "1", "2"]
    tied = nn.Linear(2, 2, bias=False)
    tied.weight = layer.weight
    assert len(nn.Sequential(layer, tied).parameters()) == 2


def test_modules_that_contain_each_other_do_not_hang():
    parent, child = nn.ModuleList(), nn.ModuleList([nn.Linear(1, 1)])
    child.parent = parent
    parent.append(child)
    parent.append(parent)
    assert [name for name, _ in parent.named_parameters()] == ["0.0.weight", "0.0.bias"]
    assert len(list(parent.modules())) == 3
    parent.eval()
    assert not child.training
    assert "shown above" in repr(parent)
    loop = [nn.Linear(1, 1)]
    loop.append(loop)
    child.loop = loop
    assert len(parent.parameters()) == 4
    assert [name for name, _ in child.named_children()] == ["0", "parent", "loop.0"]
    assert "loop.0: Linear" in repr(child)


def test_mode_is_set_in_every_module_inside_and_returns_the_module():
    nest = Nest()
    assert nest.training
    assert nest.eval() is nest
    assert not any(module.training for module in nest.modules())
    assert nest.train() is nest
    assert all(module.training for module in nest.modules())
    assert not nest.train(mode=False).training


def test_subclass_that_forgets_super_init_still_works():
    class Forgetful(Module):
        def __init__(self):
            self.weight = parameter(2.0)
            self.drop = nn.Dropout(0.0)

        def forward(self, x):
            return self.drop(x) * self.weight

    model = Forgetful()
    assert model.training
    assert_close(model(Tensor([3.0])), [6.0])
    assert list(model.state_dict()) == ["weight"]
    model.eval()
    assert not model.training
    assert Forgetful().training  # the class attribute was not changed
    assert "Forgetful" in repr(model)


def test_call_passes_all_arguments_to_forward():
    class Sum(Module):
        def forward(self, *args, scale=1.0):
            return sum(args) * scale

    assert Sum()(1, 2, scale=3.0) == 9.0
    with pytest.raises(NotImplementedError, match=r"Module\.forward"):
        Module()(1)


def test_zero_grad_forgets_the_gradients_of_all_parameters():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model(Tensor(np.ones((3, 2), "float32"))).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_parameter_is_a_tensor_that_is_trained_and_makes_plain_tensors():
    p = parameter(1.0, 2.0)
    assert p.requires_grad
    assert isinstance(p, Tensor)
    for made in (p + 1, p.data, p.detach(), p * p, -p, p[0], p.sum()):
        assert type(made) is Tensor
    assert repr(p).startswith("Parameter([1., 2.]")
    (p * p).sum().backward()
    assert type(p.grad) is Tensor
    assert_close(p.grad, np.array([2.0, 4.0], "float32"))
    original = Tensor([1.0])
    assert Parameter(original).cached_data is original.cached_data


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_whole_and_independent(duplicate, rng):
    layer = nn.Linear(3, 3)
    model = nn.Sequential(
        layer, nn.BatchNorm1d(3), nn.Residual(layer), nn.ModuleList([nn.Tanh()])[0]
    )
    x = Tensor(rng.standard_normal((5, 3)).astype("float32"))
    model(x).sum().backward()
    model.eval()
    other = duplicate(model)
    assert repr(other) == repr(model)
    assert not other[1].training
    assert [name for name, _ in other.named_parameters()] == [
        name for name, _ in model.named_parameters()
    ]  # what was shared is shared again
    assert_close(other(x), model(x))
    before = model(x).numpy()
    for tensor in [*other.parameters(), *other.buffers()]:
        tensor.cached_data += 1.0
    np.testing.assert_array_equal(model(x).numpy(), before)
    assert all(type(p) is Parameter for p in other.parameters())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_modules_of_a_sequential_are_copied_with_it(duplicate):
    body = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    other, layers = duplicate([body, body.modules])
    assert layers[0] is other[0]
    assert next(layers()) is other


def test_state_may_be_set_replaced_and_deleted_like_any_attribute():
    model = nn.Linear(2, 2)
    model.extra = parameter(1.0)
    assert len(model.parameters()) == 3
    del model.extra
    model.bias = None
    assert len(model.parameters()) == 1
    model.weight = parameter(1.0, 2.0)
    assert_close(model.state_dict()["weight"], np.array([1.0, 2.0], "float32"))


def test_modules_may_change_while_they_are_walked_through():
    model = Nest()
    for name, module in model.named_modules():
        module.label = f"module {name}"
        setattr(model, f"seen_{len(vars(model))}", None)
    assert model.inner.label == "module inner"
    for number, _ in enumerate(model.named_parameters()):
        setattr(model.inner, f"note_{number}", number)


# Devices


def test_to_moves_parameters_gradients_and_buffers_and_keeps_the_tensors(second_device, rng):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())
    x = rng.standard_normal((5, 3)).astype("float32")
    model(Tensor(x)).sum().backward()
    expected = model.eval()(Tensor(x)).numpy()
    tensors = [*model.parameters(), *model.buffers()]
    before = [tensor.numpy() for tensor in tensors]
    far = second_device()
    assert model.to(far) is model
    now = [*model.parameters(), *model.buffers()]
    for tensor, old, found in zip(tensors, before, now, strict=True):
        assert found is tensor
        assert tensor.device == far.home
        assert tensor.numpy().dtype == old.dtype
        np.testing.assert_array_equal(tensor.numpy(), old)
    assert model[0].weight.grad.device == far.home
    result = model(Tensor(x, device=far))
    assert result.device == far.home
    assert_close(result.numpy(), expected)
    model.to(ndl.cpu())
    assert model[1].running_var.device == ndl.cpu()
    assert_close(model(Tensor(x)), expected)


def test_training_goes_on_after_a_move(second_device, rng):
    x = rng.standard_normal((5, 3)).astype("float32")
    models = [nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))]
    models.append(copy.deepcopy(models[0]).to(second_device()))
    labels = np.array([0, 1, 1, 0, 1])
    for model, device in zip(models, [ndl.cpu(), second_device()], strict=True):
        loss = nn.SoftmaxLoss()(model(Tensor(x, device=device)), Tensor(labels, device=device))
        loss.backward(create_graph=False)
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert_close(b.grad, a.grad)
    for a, b in zip(models[0].buffers(), models[1].buffers(), strict=True):
        assert_close(b, a)


def test_to_the_same_device_changes_nothing():
    model = nn.Linear(2, 3)
    arrays = [p.cached_data for p in model.parameters()]
    model.to(ndl.cpu())
    assert all(p.cached_data is a for p, a in zip(model.parameters(), arrays, strict=True))


def test_to_what_is_no_device_or_is_full_changes_nothing(second_device):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    with pytest.raises(TypeError, match="no device"):
        model.to("cpu")
    with pytest.raises(MemoryError):
        model.to(second_device(capacity=3))
    assert all(t.device == ndl.cpu() for t in [*model.parameters(), *model.buffers()])
    assert ndl.default_device() == ndl.cpu()
