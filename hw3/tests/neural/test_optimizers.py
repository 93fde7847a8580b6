"""Steps of Adam, AdamW and SGD, of one or many parameters, on every device and instruction set."""

import math

import numpy as np
import pytest

from needle_hw3 import neural

SHAPES = [(), (1,), (17,), (3, 5), (2, 1, 40), (0,), (2, 0), (3, 700)]
TOLERANCE = {"float32": 2e-6, "float64": 1e-13}
ADAM = {"lr": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3}


def adam_step(*arrays, **options):
    """Return the new parameter of one."""
    (new,) = neural.adam_steps(*([array] for array in arrays), **options)
    return new


def sgd_step(p, g, velocity=None, **options):
    """Return the new parameter of one."""
    (new,) = neural.sgd_steps([p], [g], None if velocity is None else [velocity], **options)
    return new


def exact_adam(p, g, m, v, step, weight_decay, decoupled):
    p, g, m, v = (np.asarray(each, np.longdouble) for each in (p, g, m, v))
    lr, beta1, beta2, eps = ADAM.values()
    if not decoupled:
        g = g + weight_decay * p
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    direction = (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps)
    return p * (1 - lr * weight_decay * decoupled) - lr * direction, m, v


def drawn(rng, number, shape, dtype):
    return [each.astype(dtype) for each in rng.standard_normal((number, *shape))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("step", "decay", "decoupled"), [(1, 0, False), (3, 0.2, True), (2, 0.2, False)]
)
def test_adam_is_that_of_the_paper(array, layout, rng, shape, step, decay, decoupled, dtype):
    p, g, m, v = drawn(rng, 4, shape, dtype)
    v = np.abs(v)
    expected = exact_adam(p, g, m, v, step, decay, decoupled)
    operands = [array(layout(each)) for each in (p, g, m, v)]
    options = {"step": step, "weight_decay": decay, "decoupled": decoupled}
    new = adam_step(*operands, **ADAM, **options)
    for found, other in zip((new, *operands[2:]), expected, strict=True):
        assert found.dtype == dtype
        assert found.shape == shape
        np.testing.assert_allclose(found.numpy(), other.astype("float64"), atol=TOLERANCE[dtype])
    for operand, before in zip(operands, (p, g), strict=False):
        np.testing.assert_array_equal(operand.numpy(), before)


def test_many_steps_of_adam_stay_on_the_path_of_float64(array, rng):
    p, g = drawn(rng, 2, (50,), "float64")
    ours = [array(each.astype("float32")) for each in (p, g, 0 * p, 0 * p)]
    exact = p, 0 * p, 0 * p
    for step in range(1, 30):
        ours[0] = adam_step(*ours, **ADAM, step=step)
        exact = exact_adam(exact[0], g, *exact[1:], step, 0, False)
    np.testing.assert_allclose(ours[0].numpy(), exact[0].astype("float64"), atol=1e-4)


def exact_sgd(p, g, u, lr, momentum, share, decay, nesterov):
    g = g + decay * p
    if u is None:
        return p - lr * g, None
    u = momentum * u + share * g
    return p - lr * (g + momentum * u if nesterov else u), u


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("momentum", "share", "decay", "nesterov"), [
    (0, 1, 0, False), (0, 1, 0.1, False), (0.9, 0.1, 0, False), (0.9, 1, 0.1, True),
])  # fmt: skip
def test_sgd_is_that_of_the_formula(
    array, layout, rng, shape, momentum, share, decay, nesterov, dtype
):
    p, g, u = drawn(rng, 3, shape, dtype)
    velocity = u if momentum else None
    expected = exact_sgd(p, g, velocity, 0.3, momentum, share, decay, nesterov)
    ours = [None if each is None else array(layout(each)) for each in (p, g, velocity)]
    new = sgd_step(
        *ours, lr=0.3, momentum=momentum, share=share, weight_decay=decay, nesterov=nesterov
    )
    assert new.dtype == dtype
    np.testing.assert_allclose(new.numpy(), expected[0], atol=TOLERANCE[dtype])
    if momentum:
        np.testing.assert_allclose(ours[2].numpy(), expected[1], atol=TOLERANCE[dtype])
    np.testing.assert_array_equal(ours[0].numpy(), p)
    np.testing.assert_array_equal(ours[1].numpy(), g)


def test_operands_that_share_memory_are_read_first(array, rng):
    memory = rng.standard_normal(12)
    p, g, m, v = memory[:8], memory[1:9], memory[2:10].copy(), np.abs(memory[3:11])
    expected = exact_adam(p, g, m, v, 2, 0.1, False)
    shared = array(np.concatenate([memory, [0.0]]))
    # The moment is what follows the parameter by two places in one buffer.
    shared[2:10] = array(m)
    expected = exact_adam(shared[:8].numpy(), shared[1:9].numpy(), m, v, 2, 0.1, False)
    second = array(v)
    new = adam_step(shared[:8], shared[1:9], shared[2:10], second, **ADAM, step=2, weight_decay=0.1)
    for found, other in zip((new, shared[2:10], second), expected, strict=True):
        np.testing.assert_allclose(found.numpy(), other.astype("float64"), atol=1e-12)
    p, g, u = shared[:8].numpy(), shared[1:9].numpy(), shared[2:10].numpy()
    expected = exact_sgd(p, g, u, 0.1, 0.9, 1, 0.1, False)
    new = sgd_step(shared[:8], shared[1:9], shared[2:10], lr=0.1, momentum=0.9, weight_decay=0.1)
    np.testing.assert_allclose(new.numpy(), expected[0], atol=1e-12)
    np.testing.assert_allclose(shared[2:10].numpy(), expected[1], atol=1e-12)


LISTS = {
    "none": [],
    "one": [(1025,)],
    "three": [(), (255,), (3, 700)],
    "empty ones": [(0,), (2, 3), (2, 0), (0, 5), (1024,), (0,)],
    "many": [(n % 5,) if n % 3 else (n, 9) for n in range(130)],
    "one more than a launch": [(7, 31)] * 65,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", LISTS.values(), ids=LISTS)
def test_many_parameters_move_as_each_alone(array, layout, rng, shapes, dtype):
    values = [drawn(rng, 4, shape, dtype) for shape in shapes]
    lists = [
        [array(layout(each) if n % 2 else each.copy()) for n, each in enumerate(member)]
        for member in zip(*values, strict=True)
    ] or [[], [], [], []]
    ps, gs, ms, vs = lists
    for v in vs:
        v[...] = abs(v)
    options = {"step": 3, "weight_decay": 0.2}
    new = neural.adam_steps(ps, gs, ms, vs, **ADAM, **options)
    assert [each.shape for each in new] == shapes
    for (p, g, m, v), *found in zip(values, new, ms, vs, strict=True):
        expected = exact_adam(p, g, m, abs(v), 3, 0.2, False)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == dtype
            np.testing.assert_allclose(one.numpy(), other.astype("float64"), atol=TOLERANCE[dtype])
    moved = [exact_adam(p, g, m, abs(v), 3, 0.2, False)[1] for p, g, m, v in values]
    new = neural.sgd_steps(ps, gs, ms, lr=0.3, momentum=0.9, weight_decay=0.1)
    alone = neural.sgd_steps(ps, gs, lr=0.3)
    for (p, g, *_), m, *found in zip(values, moved, new, ms, alone, strict=True):
        expected = [*exact_sgd(p, g, m, 0.3, 0.9, 1, 0.1, False), p - 0.3 * g]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.numpy(), other.astype("float64"), atol=TOLERANCE[dtype])


def test_a_parameter_that_is_the_moment_of_another_is_read_first(array, rng):
    first, second, third = (array(each) for each in drawn(rng, 3, (40,), "float64"))
    one, two, three = (each.numpy().copy() for each in (first, second, third))
    ps, gs, velocities = [first, second, second], [second, third, first], [third, first, second]
    new = neural.sgd_steps(ps, gs, velocities, lr=0.3, momentum=0.9)
    expected = [
        exact_sgd(*each, 0.3, 0.9, 1, 0, False)
        for each in [(one, two, three), (two, three, one), (two, one, two)]
    ]
    for found, velocity, other in zip(new, velocities, expected, strict=True):
        np.testing.assert_allclose(found.numpy(), other[0], atol=1e-12)
        np.testing.assert_allclose(velocity.numpy(), other[1], atol=1e-12)
    expected = exact_adam(two, one, three, one**2, 1, 0, False)
    g, m = array(one), array(two)
    moments = [m, array(three)], [array(three**2), array(one**2)]
    new = neural.adam_steps([g, m], [g, g], *moments, **ADAM, step=1)
    np.testing.assert_allclose(new[1].numpy(), expected[0].astype("float64"), atol=1e-12)


def ones(array, shape=(2, 3)):
    """Return three parameters, their gradients, first and second moments."""
    return {name: [array(np.ones(shape)) for _ in range(3)] for name in ("p", "g", "m", "v")}


def check_ones(lists):
    for member in (each for name in ("p", "m", "v") for each in lists[name]):
        assert (member.numpy() == 1).all()


@pytest.mark.parametrize(("name", "kind", "error"), [
    *((name, "other", ValueError) for name in "pgmv"),
    *((name, "single", TypeError) for name in "pgmv"),
    ("m", "locked", ValueError), ("v", "locked", ValueError),
])  # fmt: skip
def test_one_bad_parameter_among_good_ones_changes_none(array, name, kind, error):
    wrong = {
        "other": array(np.ones((3, 2))),
        "single": array(np.ones((2, 3), "float32")),
        "locked": array(np.ones(3)).broadcast_to((2, 3)),
    }
    lists = ones(array)
    lists[name][1] = wrong[kind]
    with pytest.raises(error):
        neural.adam_steps(*lists.values(), **ADAM, step=1)
    if name != "v":
        with pytest.raises(error):
            neural.sgd_steps(*[lists[each] for each in "pgm"], lr=0.1, momentum=0.9)
    check_ones(lists)


def test_lists_fit_together_and_moments_lie_apart(array):
    lists = ones(array)
    p, g, m, v = lists.values()
    adam = {**ADAM, "step": 1}
    for call, message in [
        (lambda: neural.adam_steps(p, g[:2], m, v, **adam), "gradient for each of 3 .* not 2"),
        (lambda: neural.adam_steps(p, g, [*m, m[0]], v, **adam), "first moment .* 3 .* not 4"),
        (lambda: neural.adam_steps(p, g, m, v[:1], **adam), "second moment .* 3 .* not 1"),
        (lambda: neural.adam_steps([], g, m, v, **adam), "gradient for each of 0 .* not 3"),
        (lambda: neural.adam_steps(p, g, [m[0], m[1], m[0]], v, **adam), "share no memory"),
        (lambda: neural.adam_steps(p, g, m, [v[0], m[0], v[2]], **adam), "share no memory"),
        (lambda: neural.adam_steps(p, g, m, v, **ADAM, step=0), "from 1, not 0"),
        (lambda: neural.sgd_steps(p, g[:2], lr=0.1), "gradient for each of 3 .* not 2"),
        (lambda: neural.sgd_steps(p, g, m[:2], lr=0.1), "velocity for each of 3 .* not 2"),
        (lambda: neural.sgd_steps(p, g, [*m[:2], m[0]], lr=0.1), "share no memory"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    whole = array(np.ones(12))
    neighbours = [whole[0:4], whole[8:12]], [whole[3:7], array(np.ones(4))]
    four = [array(np.ones(4)) for _ in range(2)]
    with pytest.raises(ValueError, match="share no memory"):
        neural.adam_steps(four, four, *neighbours, **adam)
    check_ones(lists)
    assert (whole.numpy() == 1).all()
    neighbours[1][0] = whole[4:8]
    neural.adam_steps(four, four, *neighbours, **adam)
    assert neural.adam_steps([], [], [], [], **adam) == []
    assert neural.sgd_steps([], [], lr=0.1) == neural.sgd_steps([], [], [], lr=0.1) == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_gradients_do_what_ieee_754_says(array, dtype):
    g = np.array([0, 1e30, -1e30, np.inf, np.nan], dtype)
    p, m, v = (array(np.zeros(5, dtype)) for _ in range(3))
    new = adam_step(p, array(g), m, v, **ADAM, step=1).numpy()
    assert new[0] == 0
    expected = 0.1 if dtype == "float64" else 0.0  # the square is infinite in float32
    np.testing.assert_allclose(new[1:3], [-expected, expected], rtol=1e-6)
    assert np.isnan(new[3:]).all()
    new = sgd_step(p, array(g), lr=1.0).numpy()
    np.testing.assert_array_equal(new, -g)


def test_what_does_not_fit_is_refused_before_anything_is_written(array):
    one, two = array(np.ones((2, 3))), array(np.ones((2, 3)))
    other, locked = array(np.ones((3, 2))), array(np.ones(3)).broadcast_to((2, 3))
    adam = {**ADAM, "step": 1}
    for call, message in [
        (lambda: adam_step(one, other, one, two, **adam), r"\(3, 2\)"),
        (lambda: adam_step(one, one, one, other, **adam), r"\(3, 2\)"),
        (lambda: adam_step(one, one, locked, two, **adam), "read-only"),
        (lambda: adam_step(one, one, two, locked, **adam), "read-only"),
        (lambda: adam_step(one, one, two, two, **adam), "share no memory"),
        (lambda: adam_step(one, one, one, two, **ADAM, step=0), "not 0"),
        (lambda: sgd_step(one, other, lr=0.1), r"\(3, 2\)"),
        (lambda: sgd_step(one, one, other, lr=0.1), r"\(3, 2\)"),
        (lambda: sgd_step(one, one, locked, lr=0.1), "read-only"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    single, whole = array(np.ones((2, 3), "float32")), array(np.ones((2, 3), "int64"))
    for call in (
        lambda: adam_step(one, single, one, two, **adam),
        lambda: adam_step(whole, whole, one, two, **adam),
        lambda: sgd_step(one, one, single, lr=0.1),
        lambda: sgd_step(one, np.ones((2, 3)), lr=0.1),
    ):
        with pytest.raises(TypeError):
            call()
    for each in (one, two):
        assert (each.numpy() == 1).all()


def test_results_do_not_depend_on_threads(array, threads, rng):
    p, g, m, v = drawn(rng, 4, (100_003,), "float32")
    found = []
    for number in (1, 2):
        threads(number)
        moments = [array(m.copy()), array(np.abs(v))]
        new = adam_step(array(p), array(g), *moments, **ADAM, step=2)
        velocity = array(m.copy())
        moved = sgd_step(array(p), array(g), velocity, lr=0.1, momentum=0.9)
        found.append([new, *moments, moved, velocity])
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_correction_of_the_first_steps_is_exact(array):
    # At first the direction is g / |g|, whatever the betas are.
    p, g = array(np.zeros(3)), array(np.array([2.0, -3.0, 1e-3]))
    options = {"lr": 0.5, "beta1": 0.9, "beta2": 0.999, "eps": 0.0}
    new = adam_step(p, g, array(np.zeros(3)), array(np.zeros(3)), **options, step=1)
    np.testing.assert_allclose(new.numpy(), [-0.5, 0.5, -0.5], rtol=1e-12)
    assert math.isclose(float(new[0]), -0.5)
