"""Thousands of hostile calls of every kernel, in a process that may crash: see fuzz.py."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import needle_hw3 as nd

FUZZ = Path(__file__).with_name("fuzz.py")
CALLS = 2500


@pytest.mark.skipif(not nd.cpu().enabled(), reason="compares the C++ kernels with NumPy's")
@pytest.mark.parametrize("seed", [1, 2])
def test_calls_raise_or_give_what_the_other_device_gives(seed, tmp_path):
    log = tmp_path / "call"
    command = [sys.executable, str(FUZZ), f"--seed={seed}", f"--calls={CALLS}", f"--log={log}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    last = log.read_text() if log.exists() else "no call"
    assert result.returncode == 0, (
        f"exit status {result.returncode} at {last}\n{result.stdout}\n{result.stderr}"
    )
    assert f"{CALLS} calls" in result.stdout


def test_views_and_buffers_are_made_by_kernels_alone():
    if not nd.cpu().enabled():
        pytest.skip("needs the C++ kernels")
    kernels = nd.cpu().kernels
    view = kernels.from_numpy(np.ones(2), True)
    for cls, instance in ((kernels.View, view), (kernels.Buffer, view.buffer)):
        for make in (
            cls, lambda cls=cls: object.__new__(cls), lambda cls=cls: type("Derived", (cls,), {}),
            lambda instance=instance: copy.copy(instance),
            lambda instance=instance: pickle.dumps(instance),
        ):  # fmt: skip
            with pytest.raises(TypeError):
                make()
    for method in ("restride", "readonly", "numpy"):
        with pytest.raises(TypeError):
            getattr(kernels.View, method)(1)
    for name in ("shape", "dtype", "buffer"):
        with pytest.raises(AttributeError):
            setattr(view, name, None)
