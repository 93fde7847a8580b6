"""Every module and loss against PyTorch's: values, gradients of inputs and parameters, modes."""

import math

import numpy as np
import pytest
import torch

from needle_hw2 import Tensor, nn

pytestmark = pytest.mark.usefixtures("global_generator")
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
both_modes = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
F = torch.nn.functional


@pytest.fixture
def compare_modules(near, rng, twin, parameters_of):
    """Compare value and gradients of a module and its twin over some steps."""

    def run(module, *shapes, dtype, steps=1, length=1):
        for tensor in [*module.parameters(), *module.buffers()]:
            tensor.data = Tensor(rng.uniform(0.5, 1.5, tensor.shape).astype(dtype))
        theirs = twin(module)
        for step in range(steps):
            array = rng.standard_normal(shapes[step % len(shapes)]).astype(dtype)
            x, t = Tensor(array), torch.tensor(array, requires_grad=True)
            np.random.seed(step)
            found = module(x)
            np.random.seed(step)
            expected = theirs(t)
            near(found, expected.detach(), length)
            cotangent = np.asarray(rng.standard_normal(found.shape), dtype)
            theirs.zero_grad()
            expected.backward(torch.tensor(cotangent))
            for create_graph in (True, False):
                found.backward(Tensor(cotangent), create_graph=create_graph)
                near(x.grad, t.grad, length)
                grads = parameters_of(theirs, module, lambda p: p.grad)
                for p, grad in zip(module.parameters(), grads, strict=True):
                    near(p.grad, grad, length)
        return theirs

    return run


@every_dtype
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (3,), (0, 3), (2, 5, 3), (60, 3)])
@pytest.mark.parametrize("out", [1, 2, 20])
def test_linear(compare_modules, shape, out, bias, dtype):
    module = nn.Linear(3, out, bias=bias, dtype=dtype)
    compare_modules(module, shape, dtype=dtype, length=max(60, out))


@every_dtype
@both_modes
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 3), (2, 0, 3), (30, 20)])
@pytest.mark.parametrize("make", [nn.ReLU, nn.Sigmoid, nn.Tanh, nn.Identity])
def test_activations(compare_modules, make, shape, training, dtype):
    compare_modules(make().train(mode=training), shape, dtype=dtype)


@every_dtype
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (5, 1, 1, 2), (2, 0, 3)])
def test_flatten(compare_modules, shape, dtype):
    compare_modules(nn.Flatten(), shape, dtype=dtype)


@every_dtype
@both_modes
@pytest.mark.parametrize("momentum", [0.1, 0.7])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("shape", [(3, 1), (5, 4), (64, 10)])
def test_batch_norm_and_its_statistics_over_steps(
    compare_modules, near, shape, eps, momentum, training, dtype
):
    n, dim = shape
    module = nn.BatchNorm1d(dim, eps, momentum, dtype=dtype).train(mode=training)
    steps = 4
    theirs = compare_modules(module, shape, dtype=dtype, steps=steps, length=n)
    near(module.running_mean, theirs.running_mean, n)
    if not training:
        near(module.running_var, theirs.running_var, n)


@every_dtype
@pytest.mark.parametrize("momentum", [0.1, 0.7])
@pytest.mark.parametrize("n", [2, 5, 64])
def test_running_variance_is_pytorchs_with_n_in_place_of_n_minus_1(
    near, rng, twin, n, momentum, dtype
):
    module = nn.BatchNorm1d(3, momentum=momentum, dtype=dtype)
    theirs, steps = twin(module), 5
    for _ in range(steps):
        x = rng.standard_normal((n, 3)).astype(dtype)
        module(Tensor(x))
        theirs(torch.tensor(x))
    kept = (1 - momentum) ** steps  # of the 1 that both began with
    biased = kept + (theirs.running_var.numpy() - kept) * (n - 1) / n
    near(module.running_var, biased.astype(dtype), n)
    near(module.running_mean, theirs.running_mean, n)
    assert int(theirs.num_batches_tracked) == steps


@every_dtype
@both_modes
@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("shape", [(1, 4), (5, 4), (4,), (2, 3, 4), (40, 25)])
def test_layer_norm(compare_modules, shape, eps, training, dtype):
    module = nn.LayerNorm1d(shape[-1], eps, dtype=dtype).train(mode=training)
    compare_modules(module, shape, dtype=dtype, length=math.prod(shape))


@every_dtype
@both_modes
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4)])
def test_dropout_with_one_mask(compare_modules, shape, p, training, dtype):
    compare_modules(nn.Dropout(p).train(mode=training), shape, dtype=dtype, steps=2)


@every_dtype
@both_modes
@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm1d])
def test_modules_inside_modules(compare_modules, norm, training, dtype):
    module = nn.Sequential(
        nn.Flatten(),
        nn.Linear(12, 8, dtype=dtype),
        nn.Residual(
            nn.Sequential(nn.Linear(8, 8, dtype=dtype), norm(8, dtype=dtype), nn.Dropout(0.3))
        ),
        nn.Tanh(),
        nn.Linear(8, 2, bias=False, dtype=dtype),
    ).train(mode=training)
    compare_modules(module, (6, 3, 4), dtype=dtype, steps=3, length=50)


# Losses


@every_dtype
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("labels", ["int64", "uint8", "float32"])
@pytest.mark.parametrize("shape", [(1, 3), (5, 2), (40, 25)])
def test_softmax_loss(compare, rng, shape, labels, smoothing, dtype):
    y = rng.integers(shape[1], size=shape[0])
    loss = nn.SoftmaxLoss(smoothing)
    compare(
        lambda z: loss(z, Tensor(y.astype(labels), requires_grad=False)),
        lambda z: F.cross_entropy(z, torch.tensor(y), label_smoothing=smoothing),
        (rng.standard_normal(shape) * 3).astype(dtype),
        length=math.prod(shape),
    )


@every_dtype
@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 1, 3), (40, 25)])
def test_mean_squared_error(compare, rng, shape, dtype):
    x, y = (np.asarray(rng.standard_normal(shape), dtype) for _ in range(2))
    compare(nn.MSELoss(), F.mse_loss, x, y, length=math.prod(shape))


@every_dtype
@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 1, 3), (40, 25)])
def test_binary_cross_entropy(compare, rng, shape, dtype):
    z, y = (np.asarray(draw(shape), dtype) for draw in (rng.standard_normal, rng.random))
    theirs = F.binary_cross_entropy_with_logits
    compare(nn.BCEWithLogitsLoss(), theirs, z, y, length=math.prod(shape))


@every_dtype
@pytest.mark.parametrize("z", [0.0, 100.0, -100.0, 20.0, -20.0])
@pytest.mark.parametrize("y", [0.0, 1.0, 0.5])
def test_binary_cross_entropy_of_sure_answers(compare, z, y, dtype):
    theirs = F.binary_cross_entropy_with_logits
    compare(nn.BCEWithLogitsLoss(), theirs, np.array([z], dtype), np.array([y], dtype))
