"""A small repository with two stages."""

import subprocess
import textwrap

import pytest

NOXFILE = """
import nox
EVERY_NEED: dict[str, list[str]] = {
    "shared": [],
    "hw1": [],
    "hw2": ["hw1"],
}
raise SystemExit("this file is not to be run")
"""

ASSIGNMENT = """
stage = "hw1"
package = "needle_hw1"
title = "Operators"
new_files = ["src/needle_hw1/**/*.py"]

[[questions]]
id = "ops"
title = "Operators"
symbols = ["src/needle_hw1/ops.py::Op.compute", "src/needle_hw1/ops.py::scale"]

[[questions]]
id = "native"
title = "In C++"
symbols = ["csrc/sum.cpp::needle::sum", "csrc/sum.cpp::needle::mean"]
"""

OPS = '''
"""Operators."""

import math

LIMIT = 10


class Op:
    """An operator."""

    def compute(self, x: float) -> float:
        """Return the result."""
        answer_of_compute = math.sqrt(x) + LIMIT
        return answer_of_compute

    def shape(self, x):
        return self.given_to_students_as_it_is(x)


def scale(x, by=2.0):
    """Return x times `by`."""
    answer_of_scale = x * by
    return answer_of_scale
'''

SUM = """
// Sums.
#include "sum.h"

namespace needle {
namespace {
double given(double x) { return x; }
}

double sum(const double* x, int n) {
  double answer_of_sum = given(0);
  for (int i = 0; i < n; ++i) answer_of_sum += x[i];
  return answer_of_sum;
}

double mean(const double* x, int n) {
  return sum(x, n) / answer_of_mean(n);
}

}  // namespace needle
"""

CHECKS = """
import pytest

@pytest.mark.points(60, part="ops")
def test_seen(stage, judge):
    judge.close("seen", stage.scale(2.0), want=lambda: 4.0)

@pytest.mark.points(40, part="ops", hidden=True)
def test_secret(stage, judge):
    judge.close("secret", stage.scale(3.0), want=lambda: 6.0)
"""

FILES = {
    "noxfile.py": NOXFILE,
    "pyproject.toml": "[tool.x]\n",
    "LICENSE": "MIT\n",
    ".gitignore": "__pycache__/\nbuild/\n*.so\n",
    ".clang-format": "x\n",
    ".editorconfig": "x\n",
    "docs/design.md": "the answer_of_scale\n",
    "shared/pyproject.toml": "x\n",
    "shared/README.md": "x\n",
    "shared/src/needle_shared/__init__.py": "",
    "shared/src/needle_shared/py.typed": "",
    "shared/src/needle_shared/pytest_plugin.py": "import needle_shared.extra\n",
    "shared/src/needle_shared/extra.py": "",
    "shared/src/needle_shared/testing/__init__.py": "",
    "shared/src/needle_shared/grading/__init__.py": "",
    "shared/src/needle_shared/grading/local.py": (
        "from needle_shared.grading import compare\nfrom needle_shared.grading.inside.x import y\n"
    ),
    "shared/src/needle_shared/grading/compare.py": "",
    "shared/src/needle_shared/grading/inside/__init__.py": "",
    "shared/src/needle_shared/grading/inside/x.py": "y = 1\n",
    "shared/src/needle_shared/grading/sandbox.py": "",
    "shared/src/needle_shared/course/solutions.py": "answer_of_scale = 1\n",
    "shared/tests/test_it.py": "answer_of_scale = 1\n",
    "hw1/pyproject.toml": "x\n",
    "hw1/CMakeLists.txt": "x\n",
    "hw1/README.md": "x\n",
    "hw1/assignment.toml": ASSIGNMENT,
    "hw1/csrc/sum.cpp": SUM,
    "hw1/csrc/sum.h": "#pragma once\n",
    "hw1/src/needle_hw1/__init__.py": "from needle_hw1.ops import *\n",
    "hw1/src/needle_hw1/ops.py": OPS,
    "hw1/src/needle_hw1/data/__init__.py": "",
    "hw1/tests/test_ops.py": "def test():\n    pass\n",
    "hw1/checks/conftest.py": "x = 1\n",
    "hw1/checks/helpers.py": "x = 2\n",
    "hw1/checks/oracles.py": "def oracle(x):\n    return x\n",
    "hw1/checks/test_ops.py": CHECKS,
    "hw1/checks/hidden/test_ops.py": "answer_of_hidden = 1\n",
    "hw1/parity/test_torch.py": "answer_of_scale = 1\n",
    "hw2/pyproject.toml": "x\n",
    "hw2/README.md": "x\n",
    "hw2/assignment.toml": ASSIGNMENT.partition("[[questions]]")[0].replace("hw1", "hw2")
    + '[[questions]]\nid = "nn"\ntitle = "Networks"\nsymbols = ["src/needle_hw2/nn.py::relu"]\n',
    "hw2/src/needle_hw2/__init__.py": "",
    "hw2/src/needle_hw2/nn.py": "def relu(x):\n    return max(x, answer_of_relu)\n",
}
BUILT = {
    "hw1/src/needle_hw1/__pycache__/ops.cpython-311.pyc": "answer_of_scale",
    "hw1/src/needle_hw1/_cpu.so": "answer_of_scale",
    "hw1/build/ops.py": "answer_of_scale = 1",
}


@pytest.fixture(params=["git", "no git"])
def any_root(request, tmp_path):
    """Return the repository, as a checkout and as a folder without git."""
    return make_root(tmp_path / "root", request.param == "git")


@pytest.fixture
def root(tmp_path):
    """Return the repository."""
    return make_root(tmp_path / "root", git=False)


def make_root(folder, git):
    for name, text in {**FILES, **BUILT}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    if git:
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        subprocess.run(["git", "add", "."], cwd=folder, check=True)
        (folder / "hw1/src/needle_hw1/scratch.py").write_text("answer_of_scale = 1")
    return folder
