"""Fixtures of the optimisers' tests."""

import numpy as np
import pytest

from needle_hw1 import Tensor


@pytest.fixture
def make_params(rng):
    """Make leaves with random values and, unless told otherwise, random gradients."""

    def make(*shapes, device=None, dtype="float32", grads=True):
        params = []
        for shape in shapes:
            params.append(Tensor(rng.standard_normal(shape), device=device, dtype=dtype))
            if grads:
                values = rng.standard_normal(shape)
                params[-1].grad = Tensor(values, device=device, dtype=dtype, requires_grad=False)
        return params

    return make


@pytest.fixture
def strict():
    """Return array_api_strict, which has what the standard has and nothing else.

    Conversions of its arrays to NumPy's are forbidden; `exported` is the way round.
    """
    xp = pytest.importorskip("array_api_strict", reason="needs array-api-strict")

    def refuse(self, *args, **kwargs):
        raise AssertionError("an array of array_api_strict was converted to NumPy's")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("__array__", "__dlpack__", "__buffer__"):
            if hasattr(xp._array_object.Array, name):
                patch.setattr(xp._array_object.Array, name, refuse)
        yield xp


@pytest.fixture
def exported():
    """Return the values of a tensor over array_api_strict as a NumPy array."""
    return lambda tensor: np.array(tensor.realize_cached_data()._array)
