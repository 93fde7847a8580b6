"""Products by cuBLAS, of which a small library in C takes the place where kernels run on the host.

There memory of the device is memory of the process, so the library can read and write it.
"""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

SOURCE = r"""
int calls = 0;
int status = 0;
static int handle, streams, modes;

int cublasCreate_v2(void **to) { *to = &handle; return 0; }
int cublasSetStream_v2(void *given, void *stream) {
  (void)stream;
  ++streams;
  return given != &handle;
}
/* 2: CUBLAS_PEDANTIC_MATH */
int cublasSetMathMode(void *given, int mode) { ++modes; return given != &handle || mode != 2; }

/* C = A B by columns; `ta` and `tb` say which one is transposed. */
#define GEMM(name, T)                                                                            \
  int name(void *given, int ta, int tb, int m, int n, int k, const T *alpha, const T *a, int lda, \
           long long step_a, const T *b, int ldb, long long step_b, const T *beta, T *c, int ldc, \
           long long step_c, int count) {                                                        \
    if (given != &handle || streams == 0 || modes == 0) return 1;                                \
    if (*alpha != 1 || *beta != 0) return 7;                                                     \
    if (lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m) return 7;                           \
    ++calls;                                                                                     \
    if (status) return status;                                                                   \
    for (int i = 0; i < count; ++i)                                                              \
      for (int col = 0; col < n; ++col)                                                          \
        for (int row = 0; row < m; ++row) {                                                      \
          T sum = 0;                                                                             \
          for (int s = 0; s < k; ++s) {                                                          \
            long long at = ta ? s + (long long)row * lda : row + (long long)s * lda;             \
            long long bt = tb ? col + (long long)s * ldb : s + (long long)col * ldb;             \
            sum += a[i * step_a + at] * b[i * step_b + bt];                                      \
          }                                                                                      \
          c[i * step_c + row + (long long)col * ldc] = sum;                                      \
        }                                                                                        \
    return 0;                                                                                    \
  }
GEMM(cublasSgemmStridedBatched, float)
GEMM(cublasDgemmStridedBatched, double)
"""


@pytest.fixture
def kernels(backend):
    """Return the kernels of a device that knows cuBLAS; what was chosen is put back."""
    if not hasattr(backend.kernels, "set_matmul"):
        pytest.skip(f"{backend!r} knows nothing of cuBLAS")
    yield backend.kernels
    backend.kernels.set_matmul("needle")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return the path of the library that takes the place of cuBLAS."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("cublas")
    source, path = folder / "cublas.c", folder / "libcublas.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", path, source], check=True)
    return path


@pytest.fixture
def fake(backend, kernels, library, monkeypatch):
    """Return the library, which is chosen."""
    if not repr(backend).startswith("cuda_host"):
        pytest.skip(f"the memory of {backend!r} is not that of the process")
    monkeypatch.setenv("NEEDLE_CUBLAS", str(library))
    kernels.set_matmul("cublas")
    assert kernels.matmul_backend() == "cublas"
    return ctypes.CDLL(str(library))


def calls(fake):
    return ctypes.c_int.in_dll(fake, "calls").value


def test_our_own_products_are_the_default(kernels):
    assert kernels.matmul_backend() == "needle"
    with pytest.raises(ValueError, match='"needle" or "cublas", not "mkl"'):
        kernels.set_matmul("mkl")


# The first test that chooses it: the library is loaded once in a process.
def test_a_library_that_is_not_there_is_named(backend, kernels, library, monkeypatch, tmp_path):
    if not repr(backend).startswith("cuda_host"):
        pytest.skip("the library may be there")
    for path, reason in [(tmp_path / "none.so", "none.so"), (tmp_path / "bad.so", "cublasCreate")]:
        if path.name == "bad.so":
            source = tmp_path / "bad.c"
            source.write_text("int nothing;")
            subprocess.run([shutil.which("cc"), "-shared", "-o", path, source], check=True)
        monkeypatch.setenv("NEEDLE_CUBLAS", str(path))
        with pytest.raises(RuntimeError, match=f'"cublas" is not available: .*{reason}'):
            kernels.set_matmul("cublas")
        assert kernels.matmul_backend() == "needle"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_go_to_the_library(backend, fake, rng, dtype):
    def operands(*shape):
        """Return arrays of both kinds, with rows or columns that are neighbours, or apart."""
        *batch, rows, cols = shape
        turned = rng.standard_normal((*batch, cols, rows)).astype(dtype)
        wide = rng.standard_normal((*batch, rows, cols + 3)).astype(dtype)
        flat = rng.standard_normal(shape).astype(dtype)
        yield backend.array(flat), flat
        yield backend.array(turned).mT, turned.swapaxes(-1, -2)
        yield backend.array(wide)[..., :cols], wide[..., :cols]

    def check(left, right):
        for x, a in left:
            for y, b in right:
                before = calls(fake)
                found = (x @ y).numpy()
                assert calls(fake) == before + 1
                np.testing.assert_allclose(found, a @ b, rtol=1e-4, atol=1e-5, strict=True)

    for m, k, n in [(3, 4, 5), (1, 4, 5), (3, 4, 1), (3, 1, 5), (1, 4, 1)]:
        check(operands(m, k), list(operands(k, n)))
    check(operands(2, 3, 4), list(operands(2, 4, 5)))
    check(operands(3, 4), list(operands(2, 4, 5)))  # one matrix, many times


def test_products_that_blas_does_not_know_are_ours(backend, fake, rng):
    a, b = rng.standard_normal((2, 4, 6)), rng.standard_normal((6, 5))
    x, y, c = backend.array(a), backend.array(b), np.arange(6, dtype="int32").reshape(2, 3)
    before = calls(fake)
    for found, expected in [
        (x[0, :, ::2] @ y[:3], a[0, :, ::2] @ b[:3]),
        (x[0, ::-1] @ y, a[0, ::-1] @ b),
        (x[::-1, :2] @ y[None], a[::-1, :2] @ b),
        (backend.array(c) @ backend.array(c.T), c @ c.T),
        (x[0, :1].broadcast_to((4, 6)) @ y, np.broadcast_to(a[0, :1], (4, 6)) @ b),
    ]:
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-12)
    assert calls(fake) == before


def test_an_error_of_the_library_is_one_of_ours(backend, fake):
    ones = backend.array(np.ones((2, 2), "float32"))
    status = ctypes.c_int.in_dll(fake, "status")
    status.value = 13
    try:
        with pytest.raises(RuntimeError, match="status 13"):
            ones @ ones
    finally:
        status.value = 0
    assert (ones @ ones).numpy().tolist() == [[2.0, 2.0], [2.0, 2.0]]
