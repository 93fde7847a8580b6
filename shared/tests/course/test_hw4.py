"""What only the alias of hw4 does: tensors, parameters and batches of float32, and a device."""

import sys
from contextvars import Context
from importlib import import_module

import numpy as np
import pytest

from needle_shared.course import install_alias

needle_hw1 = pytest.importorskip("needle_hw1", reason="hw1 is not installed")
numpy_device = needle_hw1.default_device()
needle_hw4 = pytest.importorskip("needle_hw4", reason="hw4 is not installed")
# Importing it chose a device for all tests of this process, whichever stage they are about.
needle_hw1.set_default_device(numpy_device)


@pytest.fixture
def ndl():
    with install_alias("hw4"):
        yield import_module("needle")


def process_default():
    return Context().run(needle_hw1.default_device)


@pytest.mark.parametrize(
    "statement", ["import needle.nn", "from models import ResNet9", "from simple_ml import *"]
)
def test_the_default_device_is_put_back(statement, global_generator):
    with install_alias("hw4"):
        assert process_default() is numpy_device, "installing alone changes nothing"
        exec(statement)
        import needle

        assert process_default() is needle.default_device()
        assert needle.Tensor([1.0]).device == needle.init.zeros(1).device == needle.cpu()
    assert process_default() is numpy_device


@pytest.mark.parametrize("name", ["needle", "models", "simple_ml", "needle.data"])
def test_the_device_that_importing_hw4_chooses_is_put_back_too(run, name):
    result = run(
        "-c",
        "import needle_hw1, importlib\n"
        "from needle_shared.course import install_alias\n"
        "with install_alias('hw4'):\n"
        f"    dir(importlib.import_module('{name}'))\n"
        "    assert needle_hw1.default_device() is not needle_hw1.cpu()\n"
        "assert needle_hw1.default_device() is needle_hw1.cpu()\n",
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", ["needle", "needle.autograd", "needle.nn", "needle.ops"])
def test_tensors_are_of_one_class_whoever_makes_them(ndl, module):
    tensor_type = import_module(module).Tensor
    assert tensor_type is ndl.Tensor
    made = tensor_type(np.ones(2))
    assert type(made) is needle_hw1.Tensor
    assert made.dtype == "float32"
    assert isinstance(needle_hw1.Tensor([1]), tensor_type)
    assert isinstance(made + 1, tensor_type)
    assert not isinstance(np.ones(2), tensor_type)
    assert issubclass(needle_hw1.Tensor, tensor_type)
    assert not issubclass(needle_hw4.TensorTuple, tensor_type)


def test_another_dtype_can_be_named(ndl):
    for source in ([1, 2], np.arange(2.0), ndl.Tensor([1, 2]), ndl.NDArray([1, 2])):
        assert ndl.Tensor(source).dtype == "float32"
        for dtype in ("float64", "int64", "uint8"):
            made = ndl.Tensor(source, dtype=dtype, requires_grad=False)
            assert made.dtype == dtype
            assert not made.requires_grad


def test_a_tensor_of_a_tensor_shares_its_array(ndl):
    x = ndl.Tensor([1.0])
    assert ndl.Tensor(x).cached_data is x.cached_data


def test_hw4_itself_keeps_its_dtypes():
    for _ in range(2):
        assert needle_hw4.Tensor(np.ones(2), device=needle_hw4.cpu_numpy()).dtype == "float64"
        assert needle_hw4.Tensor([1], device=needle_hw4.cpu_numpy()).dtype == "int64"
        with install_alias("hw4"):
            import needle  # noqa: F401


def test_parameters_are_those_of_the_layers(ndl):
    made = ndl.nn.Parameter(np.ones((2, 3)))
    assert type(made) is type(ndl.nn.Linear(2, 3).weight)
    assert made.dtype == "float32"
    assert isinstance(made, ndl.Tensor)
    assert not isinstance(ndl.Tensor([1.0]), ndl.nn.Parameter)
    assert not isinstance(made * 2, ndl.nn.Parameter)
    layer = ndl.nn.Module()
    layer.weight = made
    assert layer.parameters() == [made]


@pytest.mark.parametrize("name", ["Tensor", "Parameter"])
def test_instances_of_a_subclass_are_its_own(ndl, name):
    base = getattr(ndl.nn, name)

    class Mine(base):
        def twice(self):
            return self * 2

    made = Mine([1, 2])
    assert type(made) is Mine
    assert isinstance(made, base)
    assert not isinstance(base([1, 2]), Mine)
    assert issubclass(Mine, base)
    assert not issubclass(base, Mine)
    assert made.twice().numpy().tolist() == [2, 4]
    assert made.dtype == "float32"


def test_loaders_are_those_of_the_stage(ndl):
    dataset = ndl.data.NDArrayDataset(np.arange(6.0).reshape(3, 2), np.arange(3))
    loader = ndl.data.DataLoader(
        dataset, batch_size=2, num_workers=1, device=needle_hw4.cpu_numpy()
    )
    assert isinstance(loader, needle_hw4.data.DataLoader)
    assert repr(type(loader)) == repr(needle_hw4.data.DataLoader)
    ((X, y),) = loader.batches(1)
    assert X.dtype == y.dtype == "float32"
    assert X.device == needle_hw4.cpu_numpy()
    assert X.numpy().tolist() == [[4, 5]]
    assert y.numpy().tolist() == [2]
    own = needle_hw4.data.DataLoader(dataset, device=needle_hw4.cpu_numpy())
    assert next(iter(own))[1].dtype == "int64", "hw4 itself has its own rule"


def test_words_are_float32_unless_a_dtype_is_named(ndl):
    columns = ndl.data.batchify(range(6), 2)
    for dtype, expected in ((None, "float32"), ("float32", "float32"), ("int32", "int32")):
        for words in ndl.data.get_batch(columns, 0, 2, needle_hw4.cpu_numpy(), dtype):
            assert words.dtype == expected
            assert words.device == needle_hw4.cpu_numpy()
    assert ndl.data.get_batch.__doc__ == needle_hw4.data.get_batch.__doc__


def test_arrays_of_numbers_as_objects(ndl):
    numbers = np.array([1, 2.5, np.float64(3)], dtype=object)
    for made in (ndl.Tensor(numbers), ndl.NDArray(numbers)):
        assert made.dtype == "float32"
        assert made.numpy().tolist() == [1, 2.5, 3]
    with pytest.raises((TypeError, ValueError)):
        ndl.Tensor(np.array(["a", None], dtype=object))


def test_a_shape_may_be_the_third_argument_of_kaiming_uniform_alone(ndl):
    init = ndl.init
    assert init.kaiming_uniform(9, 4, (3, 3, 1, 4)).shape == (3, 3, 1, 4)
    assert init.kaiming_uniform(9, 4, nonlinearity="relu", shape=(2, 2)).shape == (2, 2)
    assert init.kaiming_normal is needle_hw4.init.kaiming_normal
    with pytest.raises(ValueError, match="selu"):
        init.kaiming_uniform(9, 4, None, "selu")


@pytest.mark.parametrize(
    "statement",
    [
        "import models",
        "import simple_ml",
        "from apps.simple_ml import *",
        "from apps import models",
    ],
)
def test_models_seed_the_generator_when_they_are_imported_first(ndl, global_generator, statement):
    expected = np.random.RandomState(0).rand(2)
    np.random.seed(7)
    exec(statement)
    np.testing.assert_array_equal(np.random.rand(2), expected)
    np.random.seed(7)
    exec(statement)
    assert np.random.rand() == np.random.RandomState(7).rand()


def test_simple_ml_after_the_models_seeds_nothing(ndl, global_generator):
    import apps.models  # noqa: F401

    np.random.seed(7)
    import simple_ml

    assert np.random.rand() == np.random.RandomState(7).rand()
    names = {}
    exec("from simple_ml import *", names)
    assert names["device"] is simple_ml.device is ndl.cpu()
    assert {"ResNet9", "LanguageModel", "ndl", "nn", "np", "parse_mnist"} <= names.keys()


def test_the_mask_of_attention_lies_on_the_device_that_is_named(ndl):
    mask = ndl.nn.MultiHeadAttention().create_causal_mask(1, 2, needle_hw4.cpu_numpy())
    assert isinstance(mask, ndl.NDArray)
    assert mask.device == needle_hw4.cpu_numpy()
    assert mask.dtype == "float32"
    assert mask.shape == (1, 1, 1, 2)


def test_a_missing_stage_is_named(monkeypatch):
    monkeypatch.setattr("needle_shared.course.alias.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="needle_hw4 is not installed: pip install needle-hw4"):
        install_alias("hw4")
    assert "needle" not in sys.modules
