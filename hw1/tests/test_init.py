"""Constants and random numbers: the course's draws, dtypes, devices, and one-hot labels."""

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor, init
from needle_shared.testing import assert_close

SHAPES = [(), (3,), (2, 0), (1,), (2, 3, 4)]
RANDOM = [
    # ours, and the course's rule: one draw of that shape in float64, an affine map, then a cast
    (
        lambda *s, **o: init.rand(*s, low=-2.0, high=5.0, **o),
        lambda *s: np.random.rand(*s) * 7.0 - 2.0,
    ),
    (
        lambda *s, **o: init.randn(*s, mean=1.0, std=3.0, **o),
        lambda *s: np.random.randn(*s) * 3.0 + 1.0,
    ),
    (init.rand, np.random.rand),
    (init.randn, np.random.randn),
]

pytestmark = pytest.mark.usefixtures("global_generator")


@pytest.mark.parametrize("case", RANDOM)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_tensor_is_one_draw_of_the_global_generator_scaled_and_then_cast(case, shape, dtype):
    ours, rule = case
    np.random.seed(7)
    x = ours(*shape, dtype=dtype)
    after = np.random.rand()
    np.random.seed(7)
    expected = np.asarray(rule(*shape)).astype(dtype)
    assert x.dtype == dtype
    assert x.shape == shape
    assert type(x.cached_data) is np.ndarray
    np.testing.assert_array_equal(x.numpy(), expected)
    assert after == np.random.rand()


def test_random_truth_values_are_true_below_p():
    np.random.seed(3)
    x = init.randb(4, 5, p=0.3)
    np.random.seed(3)
    np.testing.assert_array_equal(x.numpy(), np.random.rand(4, 5) <= 0.3)
    assert x.dtype == bool
    assert init.randb(2, dtype="float32").dtype == np.float32
    assert init.randb(100, p=1.0).numpy().all()
    assert init.randb().shape == ()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (init.rand, lambda g: g.random((2, 3))),
        (init.randn, lambda g: g.standard_normal((2, 3))),
        (init.randb, lambda g: g.random((2, 3)) <= 0.5),
    ],
)
def test_generator_of_the_user_is_drawn_from_instead_of_the_global_one(ours, theirs):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    x = ours(2, 3, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    expected = theirs(np.random.default_rng(5)).astype(x.dtype)
    np.testing.assert_array_equal(x.numpy(), expected)


@pytest.mark.parametrize(
    "make", [init.rand, init.randn, init.randb, init.ones, init.zeros, init.constant]
)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_options_are_those_of_every_initialiser(make, requires_grad):
    x = make(2, device=ndl.cpu(), dtype="float64", requires_grad=requires_grad)
    assert x.requires_grad is requires_grad
    assert x.is_leaf()
    assert x.dtype == np.float64
    assert not make(2).requires_grad


@pytest.mark.parametrize("shape", SHAPES)
def test_constants_are_float32_unless_said_otherwise(shape):
    for x, value in [
        (ndl.ones(*shape), 1.0), (ndl.zeros(*shape), 0.0), (init.constant(*shape, c=2.5), 2.5),
        (init.constant(*shape), 1.0),
    ]:  # fmt: skip
        assert x.dtype == np.float32
        assert_close(x, np.full(shape, value, "float32"))
    assert ndl.ones(*shape, dtype="int64").dtype == np.int64


@pytest.mark.parametrize("shape", [(-1,), (2, -3), (2**40, 2**40)])
def test_shape_that_no_array_can_have_is_refused(shape):
    with pytest.raises(ValueError, match=r"negative|too big|exceeded"):
        ndl.zeros(*shape)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool"])
@pytest.mark.parametrize("where", [None, ndl.cpu()])
def test_filled_like_another_tensor_has_its_shape_and_dtype(dtype, where):
    like = Tensor(np.ones((2, 3)), dtype=dtype)
    for x, value in [
        (ndl.zeros_like(like, device=where), 0),
        (ndl.ones_like(like, device=where, requires_grad=True), 1),
    ]:
        assert x.dtype == dtype
        assert_close(x, np.full((2, 3), value, dtype))
    assert ndl.ones_like(like, requires_grad=True).requires_grad
    assert not ndl.zeros_like(like).requires_grad
    assert ndl.zeros_like(Tensor(1.0) * 2).shape == ()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
@pytest.mark.parametrize("wrap", [np.asarray, Tensor])
def test_one_hot_has_a_one_at_each_index(rng, shape, dtype, wrap):
    indices = rng.integers(2, size=shape).astype(dtype)
    x = init.one_hot(4, wrap(indices))
    assert x.shape == (*shape, 4)
    assert x.dtype == np.float32
    assert not x.requires_grad
    expected = np.zeros((*shape, 4), "float32")
    for position in np.ndindex(shape):
        expected[(*position, int(indices[position]))] = 1.0
    assert_close(x, expected)


def test_one_hot_takes_lists_and_options():
    x = init.one_hot(3, [2, 0], dtype="float64", requires_grad=True, device=ndl.cpu())
    assert_close(x, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert x.requires_grad
    assert init.one_hot(2, 1).shape == (2,)


@pytest.mark.parametrize("bad", [3, -1, 2**40])
def test_one_hot_index_out_of_range_is_named(bad):
    for indices in ([0, bad], Tensor([[bad]]), np.array(float(bad))):
        with pytest.raises(IndexError, match=f"index {bad} is outside of one_hot's 3 classes"):
            init.one_hot(3, indices)


@pytest.mark.parametrize("bad", [1.5, np.nan, np.inf, -np.inf, 1e300])
def test_one_hot_index_that_is_not_whole_is_refused(bad):
    with pytest.raises(TypeError, match="whole numbers, got"):
        init.one_hot(3, Tensor([1.0, bad]))
    assert np.geterr()["invalid"] == "warn"
