"""Question `gradients`, hidden: options, derivatives of derivatives, values without gradient."""

import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


@pytest.mark.points(1, part="gradients", hidden=True)
def test_accumulate(stage, judge, rng):
    x, g, (a, b) = rng.standard_normal(4), rng.standard_normal(4), rng.uniform(0.5, 2.0, 2)
    leaf = stage.Tensor(x)
    for weight in (a, b):
        value = helpers.mix(stage)(weight)(leaf)
        value.backward(stage.Tensor(g), accumulate=True)
    judge.close("gradient", leaf.grad, want=lambda: g * (a + b))


@pytest.mark.points(1.5, part="gradients", hidden=True)
@pytest.mark.parametrize("uses", ["one use", "several uses"])
def test_second_derivative(stage, judge, rng, uses):
    x, g, h = (rng.standard_normal(4) for _ in range(3))
    y = rng.standard_normal(4)
    a, b, op = stage.Tensor(x), stage.Tensor(y), helpers.product(stage)
    value = op()(a, b) if uses == "one use" else op()(op()(a, a), a)
    value.backward(stage.Tensor(g))
    first = a.grad
    first.backward(stage.Tensor(h))
    if uses == "one use":  # d(ab)/da = b
        judge.close("gradients", [first, b.grad], want=lambda: [g * y, g * h])
    else:
        judge.close("gradients", [first, a.grad], want=lambda: [3 * g * x**2, 6 * g * h * x])


@pytest.mark.points(1, part="gradients", hidden=True)
def test_without_graph(stage, judge, rng):
    class Add(stage.TensorOp):
        def compute(self, *arrays):
            return sum(arrays)

        def gradient(self, out_grad, node):
            return (out_grad,) * len(node.inputs)  # the same tensor for all

    x, y, g = (rng.standard_normal(4) for _ in range(3))
    a, b, out_grad = stage.Tensor(x), stage.Tensor(y), stage.Tensor(g)
    Add()(Add()(a, b, a), a, b, a).backward(out_grad, create_graph=False)
    judge.close("gradients", [a.grad, b.grad], want=lambda: [4 * g, 2 * g])
    judge.close("out_grad", out_grad, want=lambda: g)
    judge.value("is a constant", [a.grad.requires_grad], want=lambda: [False])


@pytest.mark.points(1, part="gradients", hidden=True)
def test_values_that_need_no_gradient(stage, judge, rng):
    class Half(stage.TensorOp):
        def compute(self, a, b):
            return 0.5 * a * b

        def gradient(self, out_grad, node):
            return None, helpers.mix(stage)(0.5)(helpers.product(stage)()(out_grad, node.inputs[0]))

    x, y, z, g = (rng.standard_normal(4) for _ in range(4))
    a, b, c = stage.Tensor(x), stage.Tensor(y), stage.Tensor(z, requires_grad=False)
    value = helpers.product(stage)()(Half()(a, b), c)
    stage.autograd.compute_gradient_of_variables(value, stage.Tensor(g))
    judge.close("gradient", b.grad, want=lambda: 0.5 * g * x * z)
    judge.value("others", [a.grad, c.grad], want=lambda: [None, None])


@pytest.mark.points(1.5, part="gradients", hidden=True)
@pytest.mark.parametrize(
    "kind", ["values inside the graph", "independent and repeated", "differentiated again"]
)
def test_vector_jacobian_product(stage, judge, rng, kind):
    x, y, g = (rng.standard_normal(4) for _ in range(3))
    a, b = stage.Tensor(x), stage.Tensor(y)
    inner = helpers.mix(stage)(2.0, 1.0)(a, b)
    output = helpers.product(stage)()(inner, inner)
    out_grad = stage.Tensor(g)
    product_of = stage.autograd.vector_jacobian_product
    if kind == "values inside the graph":
        grads = product_of(output, [inner], out_grad)
        judge.close("gradients", grads, want=lambda: [2 * g * (2 * x + y)])
        grads = product_of(output, [b, inner], out_grad)
        judge.close("what is left", grads[1], want=lambda: 2 * g * (2 * x + y))
        judge.value("behind it", grads[0], want=lambda: None)
    elif kind == "differentiated again":
        op = helpers.product(stage)()
        grads = product_of(op(op(a, a), a), [a], out_grad)
        grads[0].backward(stage.Tensor(y))
        judge.close("gradients", [grads[0], a.grad], want=lambda: [3 * g * x**2, 6 * g * y * x])
        return
    else:
        other = stage.Tensor(x)
        grads = product_of(output, [other, a, a], out_grad)
        judge.close("gradient", grads[1], want=lambda: 4 * g * (2 * x + y))
        judge.value("others", [grads[0], grads[2]], want=lambda: [None, None])
    judge.value("left alone", [a.grad, b.grad], want=lambda: [None, None])
