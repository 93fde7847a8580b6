"""Attacks in C++ and on its build: hw0, whose epochs are compiled."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from attacks.attack import Attack, Files

EPOCHS = "csrc/epochs.cpp"
REGRESSION = f"{EPOCHS}::needle::softmax_regression_epoch"
NETWORK = f"{EPOCHS}::needle::nn_epoch"
EVERY = (f"{EPOCHS}::needle::softmax_gradient", REGRESSION, NETWORK)
_FIRST = '#include "epochs.h"\n'


@dataclass(frozen=True)
class NativeAttack(Attack):
    """`at_import` is code before the first line of csrc/epochs.cpp, `inside` in its first epoch."""

    def files(self, perfect: Files, skeleton: Files) -> Files:
        """Return the files of the submission, by names below `hw0/`."""
        files = dict(perfect if self.base == "perfect" else skeleton)
        text = files[EPOCHS].decode()
        head, brace, rest = text.partition("const Descent& descent) {\n")
        assert brace
        inside = textwrap.indent(textwrap.dedent(self.inside), "  ")
        text = f"{head}{brace}{inside}\n{rest}"
        assert text.startswith(_FIRST)
        files[EPOCHS] = f"{_FIRST}{textwrap.dedent(self.at_import)}\n{text}".encode()
        return {**files, **self.extra}


_FORGE = r"""
#include <unistd.h>
#include <cstring>
static void say(int to, const char* text) {
  unsigned sizes[2] = {(unsigned)strlen(text), 0};
  if (write(to, sizes, 8) < 0 || write(to, text, sizes[0]) < 0) return;
}
"""

NATIVE = [
    NativeAttack("cpp-syntax-error", at_import="int broken(", stubs=EVERY),
    NativeAttack("cpp-includes-shadow", at_import='#include "/etc/shadow"', stubs=EVERY),
    NativeAttack("cpp-includes-random-bytes", at_import='#include "/dev/urandom"', stubs=EVERY),
    NativeAttack("cpp-includes-itself", at_import='#include "epochs.cpp"', stubs=EVERY),
    NativeAttack(
        "cpp-takes-binary-files-in",
        at_import=r"""
        asm(".section .rodata\n.incbin \"/etc/shadow\"\n.incbin \"/root/.ssh/id_rsa\"\n.text");
        """,
        stubs=EVERY,
    ),
    NativeAttack("cpp-eight-gigabytes", at_import="char big[8LL << 30] = {1};", stubs=EVERY),
    NativeAttack(
        "cpp-eight-gigabytes-of-zeros",
        at_import="__attribute__((used)) static char big[8LL << 30];",
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-deep-templates",
        at_import="""
        template <int N> struct T { static const int v = T<N + 1>::v; };
        int deep = T<0>::v;
        """,
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-endless-templates",
        at_import="""
        template <int N, int M> struct T {
          static const int v = T<N - 1, 2 * M>::v + T<N - 1, 2 * M + 1>::v;
        };
        template <int M> struct T<0, M> { static const int v = M; };
        int wide = T<29, 1>::v;
        """,
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-exits-at-load",
        at_import="""
        #include <unistd.h>
        __attribute__((constructor)) static void leave() { _exit(0); }
        """,
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-forges-frames-at-load",
        at_import=_FORGE
        + r"""
__attribute__((constructor)) static void forge() {
  for (int to = 3; to < 10; ++to) {
    say(to, "{\"event\": \"ready\"}");
    for (int i = 0; i < 100; ++i)
      say(to, "{\"event\": \"end\", \"check\": \"test_cpp.py::test_network\", "
              "\"status\": \"ok\"}");
  }
  _exit(0);
}
""",
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-says-that-python-is-broken",
        "skeleton",
        at_import=_FORGE
        + r"""
__attribute__((constructor)) static void forge() {
  say(4, "{\"event\": \"broken\", \"files\": {\"needle_hw0/softmax.py\": \"no\", \"x\": 1}}");
}
""",
        nothing=True,
    ),
    NativeAttack(
        "cpp-loops-at-load",
        at_import="static int never = [] { for (volatile int i = 0;; i = i + 1) {} return 0; }();",
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-throws-at-load",
        at_import="static int never = [] { throw 1; return 0; }();",
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-thread-that-writes-garbage",
        at_import="""
        #include <unistd.h>
        #include <thread>
        static int started = [] {
          std::thread([] { while (write(4, "garbage!", 8) > 0) {} }).detach();
          usleep(300000);
          return 0;
        }();
        """,
        stubs=EVERY,
    ),
    NativeAttack(
        "cpp-defines-the-module",
        at_import='extern "C" __attribute__((visibility("default"))) '
        "void* PyInit__simple_ml_ext() { return nullptr; }",
        stubs=EVERY,
    ),
    NativeAttack("cpp-undefined-function", inside="void nowhere(); nowhere();", stubs=EVERY),
    NativeAttack("cpp-writes-far-outside", inside="theta[1LL << 40] = 1;", stubs=(REGRESSION,)),
    NativeAttack(
        "cpp-writes-over-the-heap",
        inside="for (int i = 0; i < 4096; ++i) theta[-i] = theta[i] = 3e38f;",
        stubs=(REGRESSION,),
        at_most=True,
    ),
    NativeAttack(
        "cpp-reads-what-nobody-wrote",
        inside="float* some = new float[1 << 12]; theta[0] += some[k];",
        at_most=True,
    ),
    NativeAttack(
        "cpp-segfault", inside="*reinterpret_cast<volatile int*>(8) = 1;", stubs=(REGRESSION,)
    ),
    NativeAttack(
        "cpp-exit",
        at_import="#include <unistd.h>",
        inside="_exit(0);",
        stubs=(REGRESSION,),
    ),
    NativeAttack("cpp-throws-a-number", inside="throw 42;", stubs=(REGRESSION,)),
    NativeAttack(
        "cpp-terminates",
        inside="[]() noexcept { throw 42; }();",
        stubs=(REGRESSION,),
    ),
    NativeAttack(
        "cpp-stack-overflow",
        at_import="static int down(int n) { volatile char page[4096] = {0}; "
        "return page[n % 4096] + down(n + 1) + page[1]; }",
        inside="theta[0] += down(0);",
        stubs=(REGRESSION,),
    ),
    NativeAttack(
        "cpp-forks",
        at_import="#include <unistd.h>",
        inside="if (fork() < 0) return;",
        stubs=(REGRESSION,),
        at_most=True,
    ),
    NativeAttack(
        "cpp-holds-the-interpreter-lock",
        at_import='extern "C" int PyGILState_Ensure();',
        inside="PyGILState_Ensure(); for (volatile int i = 0;; i = i + 1) {}",
        stubs=(REGRESSION,),
    ),
    NativeAttack(
        "cpp-rounds-otherwise",
        at_import="#include <cfenv>",
        inside="std::fesetround(FE_UPWARD);",
        at_most=True,
    ),
    NativeAttack(
        "cpp-runs-python",
        at_import='extern "C" { int PyGILState_Ensure(); int PyRun_SimpleString(const char*); }',
        inside=r"""
        PyGILState_Ensure();
        PyRun_SimpleString("import sys\nsys.modules['__main__'].Driver.run = "
                           "lambda self, item: {'status': 'ok'}");
        """,
        stubs=(REGRESSION,),
        at_most=True,
    ),
    NativeAttack(
        "cpp-built-files",
        extra={
            "src/needle_hw0/_simple_ml_ext.cpython-311-x86_64-linux-gnu.so": b"\x7fELF not really",
            "build/_simple_ml_ext.so": b"\x7fELF",
            "CMakeLists.txt": b"execute_process(COMMAND false)\nmessage(FATAL_ERROR x)\n",
            "csrc/matmul.h": b"#error theirs\n",
        },
    ),
    NativeAttack(
        "cpp-deceives-the-compiler-s-log",
        at_import="""
        #pragma message "/src/csrc/matmul.cpp:1:1: error: not mine"
        #line 1 "/src/csrc/bindings.cpp"
        int broken(
        """,
        stubs=EVERY,
    ),
]
