"""What is built, what is not built again, and what the student is told."""

import ctypes
import re
import threading
from dataclasses import replace

import pytest

from needle_shared.grading.native import build as build_module
from needle_shared.grading.native.compiling import Outcome
from needle_shared.grading.sandbox.interface import SandboxError

CORE = '#include "core.h"\nextern "C" int answer() {{ return {}; }}\n'


def answer(built):
    return ctypes.CDLL(str(built.module)).answer()


def test_the_student_s_function_is_in_the_extension(core):
    built = core(CORE.format("two() + 40"))
    assert (built.errors, built.cached) == ((), False)
    assert answer(built) == 42


def test_the_skeleton_itself_is_built(build):
    assert answer(build()) == 2


def test_only_changed_files_are_compiled(core):
    log = core(CORE.format(7)).log
    assert "core.cpp" in log
    assert "other.cpp" not in log


def test_a_changed_header_changes_all_that_include_it(build):
    built = build({"csrc/core.h": b"int two();\n#define ONE 1\n"})
    assert built.log.count("Building CXX object") == 2
    assert answer(built) == 2


def test_a_new_header_is_found(build):
    text = CORE.format("SEVEN").replace("core.h", "mine.h")
    built = build({"csrc/core.cpp": text.encode(), "csrc/mine.h": b"#define SEVEN 7\n"})
    assert answer(built) == 7


def test_identical_sources_are_built_once(core):
    first, second = (core(CORE.format(8)) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert first.module == second.module


def test_errors_are_as_the_compiler_prints_them(core):
    text = CORE.format("three() +") + "int f() { return x; }\nint g() { return y; }\nfoo z;\n"
    for cached in (False, True):
        built = core(text)
        assert (built.module, built.cached) == (None, cached)
        assert len(built.errors) == 3
        assert re.match(r"csrc/core.cpp:2:\d+: error: .*three", built.errors[0])
        assert built.failed == ("csrc/core.cpp",)
        assert "/src/csrc" in built.log


def test_a_function_that_is_missing_is_named(build):
    built = build({"csrc/other.cpp": b'#include "core.h"\nint three(int) { return 3; }\n'})
    assert built.module is None
    assert built.errors == ("undefined reference to `two()'",)


def test_a_function_that_is_there_twice_is_named(core):
    built = core(CORE.format(1) + "int two() { return 3; }\n")
    assert built.module is None
    assert "multiple definition of `two()'" in built.errors[0]


def test_files_of_cmake_are_not_the_student_s(build):
    for changes in (
        {"CMakeLists.txt": b""},
        {"csrc/mine.cmake": b""},
        {"csrc/CMakeLists.txt": b""},
    ):
        with pytest.raises(ValueError, match="files of CMake are not the skeleton's"):
            build(changes)


@pytest.mark.parametrize(
    "name", ["csrc/../../x.h", "csrc/a b.h", "csrc//x.h", "csrc/-x.h", "csrc/"]
)
def test_names_that_no_source_has(build, name):
    with pytest.raises(ValueError, match="is not the name of a source"):
        build({name: b""})


def test_a_stage_without_extension(stage, sandbox, cache):
    with pytest.raises(ValueError, match="hw7 has no extension to build"):
        build_module.build_extension(replace(stage, native=None), {}, sandbox, cache)


def test_a_skeleton_that_cannot_be_built_is_the_machine_s_fault(build, skeleton, tmp_path):
    wrong = {**skeleton, "csrc/core.cpp": b"oops"}
    with pytest.raises(SandboxError, match=r"skeleton of hw7 cannot be built(.|\n)*oops"):
        build(skeleton=wrong, cache=tmp_path)


def test_who_comes_second_waits_for_the_first(core, monkeypatch):
    run = build_module.run_build
    calls = []

    def counting(*arguments, **settings):
        calls.append(1)
        return run(*arguments, **settings)

    core(CORE.format(9))  # now the skeleton's folder is there
    monkeypatch.setattr(build_module, "run_build", counting)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(core(CORE.format(10)))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert sorted(built.cached for built in results) == [False, True, True]
    assert len({built.module for built in results}) == 1


def test_a_killed_build_is_nobody_s_fault_and_not_kept(core, monkeypatch):
    with monkeypatch.context() as patch:
        killed = Outcome(b"", "", -9, "", 1.0)
        patch.setattr(build_module, "run_build", lambda *_, **__: killed)
        with pytest.raises(SandboxError, match="the build of hw7 was ended by signal 9"):
            core(CORE.format(11))
    assert answer(core(CORE.format(11))) == 11


def test_a_build_that_was_too_slow_is_not_kept(core, limits):
    slow = core(CORE.format(12), limits=replace(limits, seconds=0.01))
    assert slow.errors == ("it took longer than 0 s",)
    assert answer(core(CORE.format(12))) == 12


@pytest.mark.parametrize("why", ["Resource temporarily unavailable", "No space left on device"])
def test_a_machine_without_room_is_asked_again(core, why):
    """The compiler's own words come from a line that has the same."""
    for _ in range(2):
        built = core(f"#error vfork: {why}\n")
        assert (built.module, built.cached, built.late) == (None, False, True)
    text = f"#error nothing of the kind {len(why)}\n"
    kept = core(text), core(text)
    assert [(built.cached, built.late) for built in kept] == [(False, False), (True, False)]
