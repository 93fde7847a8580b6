import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import needle_hw0


def test_package_is_the_installed_one_and_typed():
    # The folder hw0/ would import as an empty namespace package, without __file__.
    assert Path(needle_hw0.__file__).with_name("py.typed").exists()


def test_every_public_name_is_there():
    assert set(needle_hw0.__all__) == {
        "add", "parse_mnist", "softmax_loss", "softmax_regression_epoch", "nn_epoch", "loss_err",
        "train_softmax", "train_nn", "softmax_regression_epoch_cpp", "nn_epoch_cpp",
    }  # fmt: skip
    assert all(callable(getattr(needle_hw0, name)) for name in needle_hw0.__all__)


def test_import_needs_neither_compiled_module_nor_shared_package():
    code = """if True:
        import sys
        sys.modules["needle_hw0._simple_ml_ext"] = None
        sys.modules["needle_shared"] = None
        import numpy as np, needle_hw0
        X, y, theta = np.ones((2, 3), "f4"), np.zeros(2, "u1"), np.zeros((3, 2), "f4")
        needle_hw0.softmax_regression_epoch(X, y, theta)
        assert theta.any()
        try:
            needle_hw0.softmax_regression_epoch_cpp(X, y, theta, 0.1, 2)
        except ImportError as error:
            assert "pip install" in str(error), error
        else:
            raise SystemExit("no error")
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_leaves_the_global_generator_and_floating_point_modes_alone():
    code = """if True:
        import numpy as np
        np.random.seed(5)
        expected = np.random.RandomState(5).rand()
        import needle_hw0, needle_hw0._simple_ml_ext
        assert np.random.rand() == expected
        tiny = np.float32(1e-40)  # would be 0 if denormal numbers had been switched off
        assert tiny * np.float32(1) > 0
    """
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("x", "y"), [(1, 2), (4.0, -4.0), (np.arange(3), 1), ([1], [2])])
def test_add_is_plus(x, y):
    total = needle_hw0.add(x, y)
    np.testing.assert_array_equal(total, x + y)
    assert type(total) is type(x + y)
