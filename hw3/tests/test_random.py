"""The generator of random arrays."""

import numpy as np
import pytest

import needle_hw3 as nd
from needle_hw3.random import Generator


def test_seed_determines_the_numbers(backend):
    draws = []
    for device in (backend, nd.cpu_numpy()):
        generator = Generator(7, device)
        arrays = [generator.uniform((2, 3)), generator.normal(4), generator.integers(0, 9, (5,))]
        arrays.append(generator.permutation(6))
        assert {array.device for array in arrays} == {device}
        draws.append([array.tolist() for array in arrays])
    assert draws[0] == draws[1]
    assert Generator(8).uniform(3).tolist() != Generator(7).uniform(3).tolist()


def test_numbers_have_the_distribution_that_was_asked_for():
    generator = Generator(0)
    uniform = generator.uniform(20000, -2.0, 3.0).numpy()
    assert uniform.min() >= -2.0
    assert uniform.max() < 3.0
    assert abs(uniform.mean() - 0.5) < 0.05
    normal = generator.normal((20000,), 1.0, 2.0, dtype="float64").numpy()
    assert abs(normal.mean() - 1.0) < 0.06
    assert abs(normal.std() - 2.0) < 0.06
    integers = generator.integers(-1, 2, 1000, dtype="int32").numpy()
    assert sorted(set(integers.tolist())) == [-1, 0, 1]
    assert sorted(generator.permutation(10).tolist()) == list(range(10))


def test_dtypes_and_shapes():
    generator = Generator(0)
    assert generator.uniform().dtype == generator.normal(2).dtype == "float32"
    assert generator.uniform().shape == ()
    assert generator.uniform(2, dtype="float64").dtype == "float64"
    assert generator.integers(0, 5).dtype == generator.permutation(3).dtype == "int64"
    assert generator.integers(0, 5, dtype="uint8").dtype == "uint8"
    with pytest.raises(TypeError, match="not of dtype int32"):
        generator.normal(2, dtype="int32")
    with pytest.raises(ValueError, match="negative size"):
        generator.uniform((-1,))


def test_generator_of_numpy_can_be_shared():
    shared = np.random.default_rng(5)
    first = Generator(shared).uniform(2, dtype="float64").numpy()
    np.testing.assert_array_equal(first, np.random.default_rng(5).random(2))


def test_global_generator_is_left_alone(global_generator):
    before = global_generator.get_state()[1].copy()
    Generator(0).normal(10)
    np.testing.assert_array_equal(before, global_generator.get_state()[1])
