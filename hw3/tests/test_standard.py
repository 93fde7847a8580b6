"""The signatures of the array API standard, as array_api_strict has them."""

import inspect
from inspect import Parameter

import pytest

import needle_hw3 as nd

array_api_strict = pytest.importorskip("array_api_strict")

# Of the standard's main namespace; also in the stage's README.
NOT_OFFERED = {"conj", "imag", "real", "isin"}
OTHER_DTYPES = {"int8", "int16", "uint16", "uint32", "uint64", "complex64", "complex128"}
OF_STRICT_ITSELF = {
    "get_array_api_strict_flags", "set_array_api_strict_flags", "reset_array_api_strict_flags",
    "ArrayAPIStrictFlags", "Device", "ModuleType",
}  # fmt: skip

STANDARD = sorted(
    name for name in vars(array_api_strict)
    if not name.startswith("_") and name not in OF_STRICT_ITSELF | OTHER_DTYPES
)  # fmt: skip
FUNCTIONS = [name for name in STANDARD if inspect.isfunction(getattr(array_api_strict, name))]


def test_everything_of_the_standard_is_offered_but_what_is_listed():
    assert {name for name in STANDARD if not hasattr(nd, name)} == NOT_OFFERED
    assert len(FUNCTIONS) > 120


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in NOT_OFFERED])
def test_signature_is_the_standards(name):
    ours = inspect.signature(getattr(nd, name)).parameters
    standard = inspect.signature(getattr(array_api_strict, name)).parameters
    assert list(ours) == list(standard)
    for parameter, expected in zip(ours.values(), standard.values(), strict=True):
        assert parameter.kind == expected.kind, parameter
        if "Undef" not in repr(expected.default):  # array_api_strict's sign of "not given"
            assert parameter.default == expected.default, parameter


def test_every_function_says_what_it_returns():
    for name in FUNCTIONS:
        if hasattr(nd, name):
            assert getattr(nd, name).__doc__.startswith("Return"), name
            assert getattr(nd, name).__name__ == name


def test_constants():
    for name in ("e", "inf", "newaxis", "pi"):
        assert getattr(nd, name) == getattr(array_api_strict, name)
    assert nd.nan != nd.nan


METHODS = [
    name for name, value in vars(array_api_strict._array_object.Array).items()
    if callable(value) and name.startswith("__") and name not in vars(object)
]  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_arrays_have_the_methods_of_the_standard(name):
    method = getattr(nd.NDArray, name, None)
    assert callable(method), name
    parameters = inspect.signature(method).parameters.values()
    positional = [
        p
        for p in parameters
        if p.kind in {Parameter.POSITIONAL_OR_KEYWORD, Parameter.POSITIONAL_ONLY}
    ]
    assert positional[0].name in {"self", "x1"}  # x1 of what is a function, too


def test_arrays_have_the_attributes_of_the_standard(backend):
    x = backend.full((2, 2), 1.0)
    for name in ("dtype", "device", "mT", "ndim", "shape", "size", "T", "to_device"):
        assert hasattr(x, name)
