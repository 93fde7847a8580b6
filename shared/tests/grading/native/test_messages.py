"""Errors in the output of compilers and linkers."""

import pytest

from needle_shared.grading.native.messages import failed_files, first_errors

GCC = """\
[1/3] Building CXX object CMakeFiles/core.dir/csrc/cpu/a.cpp.o
FAILED: CMakeFiles/core.dir/csrc/cpu/a.cpp.o
/usr/bin/c++ -o CMakeFiles/core.dir/csrc/cpu/a.cpp.o -c /src/csrc/cpu/a.cpp
In file included from /src/csrc/cpu/a.cpp:1:
/src/csrc/cpu/b.h:10:3: error: expected ';' before '}' token
   10 |   }
/src/csrc/cpu/a.cpp:7:1: warning: unused
/src/csrc/cpu/a.cpp:9:1: error: 'x' was not declared in this scope
/src/csrc/cpu/a.cpp:9:1: error: 'x' was not declared in this scope
/src/csrc/cpu/a.cpp:11:10: fatal error: none.h: No such file or directory
/src/csrc/cpu/a.cpp:12:1: error: one more
"""


def test_the_first_three_errors_are_found_once():
    assert first_errors(GCC, "/src") == (
        "csrc/cpu/b.h:10:3: error: expected ';' before '}' token",
        "csrc/cpu/a.cpp:9:1: error: 'x' was not declared in this scope",
        "csrc/cpu/a.cpp:11:10: fatal error: none.h: No such file or directory",
    )
    assert failed_files(GCC, "/src") == ("csrc/cpu/a.cpp", "csrc/cpu/b.h")


@pytest.mark.parametrize(
    "line",
    [
        "/usr/bin/ld: a.cpp:(.text+0x5): undefined reference to `needle::f()'",
        "/usr/bin/ld: b.o: in function `f': multiple definition of `f'; a.o: first defined here",
        "{standard input}:5: Error: file not found: x",
        "cc1plus: out of memory allocating 65536 bytes after a total of 1 bytes",
        "virtual memory exhausted: Cannot allocate memory",
        "c++: fatal error: Killed signal terminated program cc1plus",
        "a.cpp:1: internal compiler error: Segmentation fault",
    ],
)
def test_errors_without_a_place(line):
    log = f"[1/2] Linking CXX shared module _core.so\n{line}\ncollect2: error: ld returned 1\n"
    assert first_errors(log, "/src") == (line,)


def test_a_build_without_errors_has_none():
    assert first_errors("[1/1] Building CXX object csrc/error.cpp.o\n", "/src") == ()
    assert failed_files("ninja: no work to do.\n", "/src") == ()


def test_long_lines_are_cut():
    (error,) = first_errors("a.cpp:1:1: error: " + "x" * 9000, "/src")
    assert len(error) == 503
