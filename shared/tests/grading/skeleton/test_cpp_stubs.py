"""Stubs of C++; where there is a compiler, what comes out is compiled and run."""

import re
import shutil
import subprocess

import pytest

from needle_shared.grading.skeleton.cpp_stubs import stub
from needle_shared.grading.skeleton.cpp_tree import definitions, syntax_error
from needle_shared.grading.skeleton.errors import SymbolError

COMPILER = shutil.which("g++") or shutil.which("clang++")
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror"]

SOURCE = """\
// A file.
#include <cstddef>
#include <vector>

#define NEEDLE_FUNCTION
#define MAKE_THINGS(x)
MAKE_THINGS(1)

namespace needle {
namespace {

int helper(int a) { return secret(a); }

template <class T>
NEEDLE_FUNCTION static T twice(T a, const T& b = T(2)) {
  return secret(a) * b;
}

}  // namespace

struct Point {
  int x = 1, y;
  Point(int x, int y) : x(x), y(y) { secret(x); }
  Point() = default;
  ~Point() { secret(1); }
  int sum() const noexcept { return secret(x); }
  int operator[](int axis) const { return secret(axis); }
  int far(int);
  friend bool operator==(const Point& a, const Point& b) { return secret(a.x == b.x); }
};

int Point::far(int step) {
  return secret(step);
}

namespace device {
void add(const float* a, float* (&out)[2], int);
int add(int a) { return secret(a); }
double add(double a, std::vector<double> b) { return secret(a + b[0]); }
}

void device::add(const float* a, float* (&out)[2], int) {
  secret(*a + *out[0]);
}

constexpr int square(int x) { return secret(x); }
inline constexpr int cube(int x) { return secret(x); }
template <class... Args>
int all(Args... args) { return (secret(args) + ...); }
extern "C" int plain(int x) try { return secret(x); } catch (...) { return 0; }
#ifdef NOTHING
int hidden(int x) { return secret(x); }
#else
int shown(int x) { return secret(x); }
#endif
}  // namespace needle
"""
SECRET = """
namespace needle { template <class T> constexpr T secret(T x) { return x; } }
"""

NAMES = [
    "needle::helper",
    "needle::twice",
    "needle::Point::sum",
    "needle::Point::operator[]",
    "needle::Point::far",
    "needle::Point::~Point",
    "needle::Point::Point",
    "needle::Point::operator==",
    "needle::device::add",
    "needle::square",
    "needle::cube",
    "needle::all",
    "needle::plain",
    "needle::hidden",
    "needle::shown",
]


def functions(source):
    """Return the bodies of the functions of a source by their names."""
    data = source.encode()
    return {
        item.signature: data[slice(*item.body)].decode()
        for item in definitions(data)
        if not item.is_class
    }


def test_all_kinds_of_functions_are_found():
    assert {signature.partition("(")[0] for signature in functions(SOURCE)} == set(NAMES)
    assert syntax_error(SOURCE.encode()) is None


@pytest.mark.parametrize("name", NAMES)
def test_only_the_named_function_is_stubbed(name):
    before, after = functions(SOURCE), functions(stub(SOURCE, [name], "hw3"))
    assert before.keys() == after.keys()
    for signature, body in after.items():
        if signature.partition("(")[0] == name:
            assert f'throw std::runtime_error("hw3: {name}");' in body
            assert "secret" not in body
        else:
            assert body == before[signature]


@pytest.mark.parametrize("chosen", ["needle::device::add(int)", "needle::device::add( int )"])
def test_one_of_several_overloads_is_chosen_by_its_types(chosen):
    out = functions(stub(SOURCE, [chosen], "hw3"))
    stubbed = [signature for signature, body in out.items() if "throw" in body]
    assert stubbed == ["needle::device::add(int)"]


def test_of_a_class_all_methods_are_stubbed():
    out = functions(stub(SOURCE, ["needle::Point"], "hw3"))
    stubbed = {signature.partition("(")[0] for signature, body in out.items() if "throw" in body}
    assert stubbed == {name for name in NAMES if "Point" in name}
    assert ": x(x), y(y) {" in stub(SOURCE, ["needle::Point"], "hw3")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("needle::missing", "needle::missing is not defined"),
        ("add", "add is not defined"),
        ("needle::device::add(float)", r"there are needle::device::add\(int\), needle"),
        ("needle::secret", "not defined"),
    ],
)
def test_unknown_names_are_refused(name, message):
    with pytest.raises(SymbolError, match=message):
        stub(SOURCE, [name], "hw3")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("#include <a>\n#include <string>\n", "#include <a>\n#include <stdexcept>\n#include <st"),
        ("#include <array>\n", "#include <array>\n#include <stdexcept>\n"),
        ("// x\n\n#pragma once\n\n", "// x\n\n#pragma once\n\n#include <stdexcept>\n\n"),
        ('#include "own.h"\n\n#include <new>\n', "#include <new>\n#include <stdexcept>\n"),
        ('#include "own.h"\n', '#include <stdexcept>\n\n#include "own.h"\n'),
        ("#ifdef A\n#include <vector>\n#endif\n", "#include <stdexcept>\n\n#ifdef A\n"),
        ("#include <stdexcept>\n#include <vector>\n", "#include <stdexcept>\n#include <vec"),
    ],
)
def test_the_header_is_included_once(source, expected):
    out = stub(source + "int f() { return 1; }\n", ["f"], "hw3")
    assert expected in out
    assert out.count("#include <stdexcept>") == 1


def test_device_code_traps():
    source = """
__global__ void __launch_bounds__(256)
    kernel(const float* a, int n) {
  a[n] = 1;
}
template <class T>
__device__ __forceinline__ T load(const T* p) { return *p; }
__host__ __device__ inline int both(int x) { return x; }
void start(float* a) {
  kernel<<<1, 256>>>(a, 3);
}
"""
    out = functions(stub(source, ["kernel", "load", "both"], "hw3"))
    kernel, load, both, start = out.values()
    assert "__trap();  // hw3: kernel" in kernel
    assert "throw" not in kernel + load
    assert "__trap();  // hw3: load" in load
    assert "#ifdef __CUDA_ARCH__\n" in both
    assert 'throw std::runtime_error("hw3: both");' in both
    assert "kernel<<<1, 256>>>(a, 3);" in start
    assert "__global__ void __launch_bounds__(256)\n    kernel(const float* a, int n) {" in stub(
        source, ["kernel"], "hw3"
    )


MAIN = """
#include <cstring>
#include <stdexcept>
int main() {
  int caught = 0;
  auto throws = [&](const char* name, auto call) {
    try { call(); } catch (const std::runtime_error& error) {
      if (std::strcmp(error.what(), name) == 0) ++caught;
    }
  };
  const float a = 1; float b = 2; float* out[2] = {&b, &b};
  throws("hw3: needle::helper", [] { needle::helper(1); });
  throws("hw3: needle::twice", [] { needle::twice(1); });
  throws("hw3: needle::device::add", [&] { needle::device::add(&a, out, 1); });
  throws("hw3: needle::device::add", [] { needle::device::add(1); });
  throws("hw3: needle::square", [] { needle::square(1); });
  throws("hw3: needle::cube", [] { needle::cube(1); });
  throws("hw3: needle::all", [] { needle::all(1, 2, 3); });
  throws("hw3: needle::shown", [] { needle::shown(1); });
  throws("hw3: needle::Point::Point", [] { needle::Point(1, 2); });
  return caught == 9 ? 0 : 1;
}
"""


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
def test_stubs_compile_without_warnings_and_throw(tmp_path):
    source = stub(SOURCE, NAMES, "hw3")
    assert "secret" not in source.replace("secret;", "")
    path = tmp_path / "main.cpp"
    path.write_text(source + MAIN)
    subprocess.run([COMPILER, *FLAGS, "-o", tmp_path / "main", path], check=True)
    subprocess.run([tmp_path / "main"], check=True)


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
def test_the_source_of_these_tests_compiles(tmp_path):
    path = tmp_path / "main.cpp"
    path.write_text(re.sub(r"(#include <vector>\n)", rf"\1{SECRET}", SOURCE) + "int main() {}\n")
    subprocess.run([COMPILER, "-std=c++20", "-fsyntax-only", path], check=True)


def test_deep_nesting_is_refused_or_understood():
    source = "namespace a {" * 3000 + "int f() { return 1; }" + "}" * 3000
    with pytest.raises(ValueError, match=r"nested too deep|is not defined"):
        stub(source, ["f"], "hw3")
