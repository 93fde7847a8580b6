"""What only the alias of hw3 does: float32 arrays, a default device, functions on blocks."""

import importlib
import sys
from contextvars import Context

import numpy as np
import pytest

from needle_shared.course import install_alias
from needle_shared.course.native import NativeModule, native_functions

needle_hw1 = pytest.importorskip("needle_hw1", reason="hw1 is not installed")
needle_hw3 = pytest.importorskip("needle_hw3", reason="hw3 is not installed")


def process_default():
    return Context().run(needle_hw1.default_device)


def test_the_default_device_is_that_of_hw3_while_the_alias_is_there():
    earlier = process_default()
    with needle_hw1.use_device(needle_hw3.cpu_numpy()):  # which is none of the process's
        with install_alias("hw3"):
            assert process_default() is earlier, "installing alone changes nothing"
            import needle

            assert process_default() is needle_hw3.default_device() is needle.default_device()
            with install_alias("hw3"):
                import needle
            assert process_default() is needle_hw3.default_device()
        assert process_default() is earlier
        assert needle_hw1.default_device() is needle_hw3.cpu_numpy()


def test_the_device_is_put_back_if_needle_was_imported_twice():
    earlier = process_default()
    with install_alias("hw3"):
        import needle

        del sys.modules["needle"]
        import needle  # noqa: F401, F811
    assert process_default() is earlier


def test_arrays_are_of_one_class_whoever_makes_them():
    with install_alias("hw3"):
        from needle import backend_ndarray as nd
        from needle.backend_ndarray.ndarray import NDArray

        made = nd.NDArray([1, 2])
        assert type(made) is needle_hw3.NDArray
        assert isinstance(needle_hw3.asarray([1]), nd.NDArray)
        assert not isinstance(np.ones(1), nd.NDArray)
        assert issubclass(nd.NDArray, needle_hw3.NDArray)
        assert NDArray is nd.NDArray
        assert made.dtype == "float32"
        assert nd.NDArray([1], dtype="int64").dtype == "int64"
        assert nd.NDArray(needle_hw3.asarray([1])).dtype == "int64", "a copy is like its original"
    assert needle_hw3.NDArray([1, 2]).dtype == "int64", "hw3 itself has its own rule"


def test_instances_of_a_subclass_are_its_own():
    with install_alias("hw3"):
        from needle.backend_ndarray import NDArray

        class Mine(NDArray):
            pass

        assert type(Mine([1])) is Mine
        assert Mine([1]).dtype == "float32"
        assert isinstance(Mine([1]), Mine)
        assert not isinstance(NDArray([1]), Mine)


def test_functions_of_a_device_that_is_not_there_cannot_be_imported(monkeypatch):
    module = NativeModule("needle.backend_ndarray.ndarray_backend_cuda", "needle_hw3:cuda")
    with pytest.raises(
        ModuleNotFoundError, match=r"cuda\(\) is not available: .*(CUDA|NVIDIA|GPU)"
    ):
        module.run()
    monkeypatch.setattr(needle_hw3, "cpu", needle_hw3.cuda)  # as if C++ was not compiled
    with install_alias("hw3"):
        with pytest.raises(ImportError, match="not available"):
            importlib.import_module("needle.backend_ndarray.ndarray_backend_cpu")
        names = {}
        exec("from needle.backend_ndarray import *", names)
        assert names["array"]([1.0], device=needle_hw3.cpu_numpy()).tolist() == [1.0]


def test_names_are_those_of_the_course():
    functions = native_functions(needle_hw3.cpu_numpy())
    ewise = {f"{kind}_{name}" for kind in ("ewise", "scalar") for name in (
        "add", "mul", "div", "maximum", "eq", "ge", "setitem",
    )}  # fmt: skip
    assert set(functions) == {
        "__device_name__", "__tile_size__", "Array", "to_numpy", "from_numpy", "fill", "compact",
        "scalar_power", "ewise_log", "ewise_exp", "ewise_tanh", "matmul", "matmul_tiled",
        "reduce_max", "reduce_sum", *ewise,
    }  # fmt: skip


def test_a_stage_that_it_stands_on_is_named_if_missing(monkeypatch):
    monkeypatch.setattr(
        "needle_shared.course.alias.find_spec", lambda name: None if name == "needle_hw1" else 1
    )
    with pytest.raises(ImportError, match="needle_hw1 is not installed: pip install needle-hw1"):
        install_alias("hw3")
    assert "needle" not in sys.modules
