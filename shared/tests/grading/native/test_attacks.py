"""Sources that attack the build: each ends soon, with a message, and learns nothing."""

import getpass
from dataclasses import replace
from pathlib import Path

import pytest

from needle_shared.grading.sandbox.interface import MIB

REST = '\n#include "core.h"\nextern "C" int answer() { return 1; }\n'


@pytest.fixture
def _own_files(sandbox):
    if sandbox.tier in {"C", "none"}:
        pytest.skip(f"in tier {sandbox.tier}, all files of the machine are visible")


@pytest.mark.usefixtures("_own_files")
@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/passwd", str(Path(__file__).resolve())])
def test_files_of_the_machine_cannot_be_included(core, path):
    built = core(f'#include "{path}"{REST}')
    assert built.module is None
    (error,) = built.errors
    assert error.startswith("csrc/core.cpp:1:10: fatal error: /")
    assert error.endswith((": No such file or directory", ": Permission denied"))


@pytest.mark.parametrize("path", ["/dev/urandom", "/proc/self/fd/1"])
def test_files_without_an_end(core, limits, path):
    built = core(f'#include "{path}"{REST}', limits=replace(limits, seconds=1))
    assert built.module is None
    (error,) = built.errors
    assert error.startswith("it took ") or "out of memory" in error


def test_the_environment_says_nothing(core):
    text = 'asm(".incbin \\"/proc/self/environ\\"");'
    built = core(f'#include "/proc/self/environ"\n{text}{REST}')
    seen = built.log.encode() + (built.module.read_bytes() if built.module else b"")
    for secret in (getpass.getuser(), str(Path.home()), str(Path.cwd())):
        if len(secret) > 4:
            assert secret.encode() not in seen


@pytest.mark.usefixtures("_own_files")
def test_files_cannot_be_included_by_the_assembler(core):
    built = core(f'asm(".incbin \\"/etc/shadow\\"");{REST}')
    assert built.module is None
    assert "Error: file not found: /etc/shadow" in built.errors[0]
    assert built.failed == ("csrc/core.cpp",)


@pytest.mark.usefixtures("_own_files")
def test_no_object_of_the_reference_is_there(core, stage):
    built = core(f'asm(".incbin \\"{stage.folder}/build/core.o\\"");{REST}')
    assert built.module is None


def test_a_source_that_includes_itself(core):
    built = core(f"#include __FILE__{REST}")
    assert "#include nested depth" in built.errors[0]


def test_a_large_array(core):
    text = f"char big[1ull << 33] = {{1}};{REST}"
    built = core(text)
    assert built.module is None
    assert built.errors


def test_endless_templates(core):
    text = f"template <int N> struct A {{ A<N + 1> next; }};\nA<0> a;{REST}"
    assert "template instantiation depth exceeds" in core(text).errors[0]


BOMB = """
template <int N, int M> struct A { A<N - 1, 2 * M> a; A<N - 1, 2 * M + 1> b; };
template <int M> struct A<0, M> { char c[8]; };
A<20, 0> bomb;
"""
# A text of 4 GiB.
TEXT = '#define A0 "0123456789abcdef"\n'
TEXT += "".join(f"#define A{i + 1} A{i} A{i}\n" for i in range(28)) + "const char* text = A28;"


def test_sources_that_take_all_memory(core, limits):
    small = replace(limits.sandbox, memory=150 * MIB)
    built = core(TEXT + REST, limits=replace(limits, sandbox=small))
    assert built.module is None
    assert "memory" in built.errors[0]


def test_sources_that_take_all_the_address_space(core, limits):
    small = replace(limits.sandbox, address_space=200 * MIB)
    built = core(TEXT + REST, limits=replace(limits, sandbox=small))
    assert built.module is None
    assert "memory" in built.errors[0]


def test_templates_that_take_long(core, limits):
    wide = replace(limits.sandbox, memory=3000 * MIB)
    built = core(BOMB + REST, limits=replace(limits, seconds=1.5, sandbox=wide))
    assert built.errors == ("it took longer than 2 s",)


def test_many_and_long_messages_are_cut(core):
    text = "\\x1b[31m<b>" + "A" * 20_000
    text = "\n".join(f'static_assert({i} < 0, "{text}");' for i in range(30))
    built = core(text + REST)
    assert len(built.errors) == 3
    assert all(len(error) < 600 for error in built.errors)
    assert len(built.log) <= 1 << 16


def test_a_constructor_does_not_run(core):
    text = "#include <unistd.h>\n__attribute__((constructor)) void f() { _exit(3); }"
    built = core(text + REST)
    assert built.errors == ()
    assert built.module is not None


def test_an_extension_may_not_be_large(core, limits):
    built = core(f"int big[400'000] = {{1}};{REST}", limits=replace(limits, module=MIB))
    assert built.errors == ("the extension is larger than 1 MiB",)


def test_pragmas_change_nothing_outside_their_file(core):
    text = '#pragma GCC dependency "/etc/shadow"\n#pragma GCC poison two\n'
    assert core(text + REST).module is None
    assert core('#pragma GCC optimize("O0")\n#pragma message("<b>")' + REST).module is not None
