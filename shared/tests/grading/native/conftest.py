"""A stage with a small extension, which compiles quickly: without pybind11."""

import os
from dataclasses import replace

import pytest

from needle_shared.grading.assignment import Assignment, Native, Question, Symbol
from needle_shared.grading.native.build import build_extension
from needle_shared.grading.native.compiling import BuildLimits
from needle_shared.grading.runtime import extension_file
from needle_shared.grading.sandbox.find import find_sandbox
from needle_shared.grading.sandbox.interface import MIB, NoSandboxError

MODULE = extension_file("_core")
CMAKE = f"""
cmake_minimum_required(VERSION 3.18...3.31)
project(small LANGUAGES CXX)
include_directories(csrc)
add_library(_core MODULE csrc/core.cpp csrc/other.cpp)
set_target_properties(_core PROPERTIES OUTPUT_NAME {MODULE} PREFIX "" SUFFIX "")
"""
SKELETON = {
    "CMakeLists.txt": CMAKE.encode(),
    "csrc/core.h": b"int two();\n",
    "csrc/core.cpp": b'#include "core.h"\nextern "C" int answer() { return two(); }\n',
    "csrc/other.cpp": b'#include "core.h"\nint two() { return 2; }\n',
    "src/needle_hw7/__init__.py": b"raise RuntimeError\n",
}
# Two graders on one machine, as root, would share the accounts of the first slots.
SLOT = 1000 + os.getpid() % 10_000


@pytest.fixture(scope="session")
def sandbox():
    try:
        return find_sandbox()
    except NoSandboxError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def limits():
    """Return limits under which everything that is wrong ends soon."""
    usual = BuildLimits()
    small = replace(usual.sandbox, memory=400 * MIB, scratch=64 * MIB, file_size=16 * MIB)
    return replace(usual, seconds=60, sandbox=small)


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def skeleton():
    return SKELETON


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    question = Question("core", "Core", (Symbol("csrc/core.cpp", "answer"),))
    folder = tmp_path_factory.mktemp("hw7")
    return Assignment("hw7", "needle_hw7", "Small", folder, (question,), native=Native("_core"))


@pytest.fixture
def build(stage, sandbox, cache, limits):
    """Return the function that builds the skeleton with other files in it."""

    def build(changes=None, **settings):
        arguments = {"skeleton": SKELETON, "limits": limits, "slot": SLOT, **settings}
        files = {**arguments["skeleton"], **(changes or {})}
        where = arguments.pop("cache", cache)
        return build_extension(stage, files, sandbox, where, **arguments)

    return build


@pytest.fixture
def core(build):
    """Return the function that builds a submission of csrc/core.cpp."""
    return lambda text, **settings: build({"csrc/core.cpp": text.encode()}, **settings)
