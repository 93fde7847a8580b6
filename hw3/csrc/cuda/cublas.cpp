#include "cuda/cublas.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "cuda/devices.h"

namespace needle::cuda {
namespace {

using std::int64_t;

// What the documentation of cuBLAS says of its interface in C.
using Handle = void*;
constexpr int kSuccess = 0;
constexpr int kNormal = 0, kTransposed = 1;  // cublasOperation_t
constexpr int kPedanticMath = 2;             // cublasMath_t: float32 means float32
template <class T>
using Gemm = int (*)(Handle, int, int, int, int, int, const T*, const T*, int, long long, const T*,
                     int, long long, const T*, T*, int, long long, int);

struct Library {
  int (*create)(Handle*);
  int (*set_stream)(Handle, cudaStream_t);
  int (*set_math_mode)(Handle, int);
  Gemm<float> multiply_float;
  Gemm<double> multiply_double;

  template <class T>
  Gemm<T> gemm() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return multiply_float;
    } else {
      return multiply_double;
    }
  }
};

template <class Function>
void find(void* library, const char* name, Function& function) {
  void* const symbol = dlsym(library, name);
  if (symbol == nullptr) {
    throw std::runtime_error(
        std::string("matmul \"cublas\" is not available: the library has no ") + name);
  }
  function = reinterpret_cast<Function>(symbol);
}

void* open() {
  const char* const named = std::getenv("NEEDLE_CUBLAS");
  std::string reasons;
  for (const char* name : {named, "libcublas.so.13", "libcublas.so.12"}) {
    if (name == nullptr || *name == '\0') continue;  // which would be this program
    if (void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
    reasons += std::string(reasons.empty() ? "" : "; ") + dlerror();
    if (name == named) break;
  }
  throw std::runtime_error("matmul \"cublas\" is not available: " + reasons);
}

/// Loaded once, and never unloaded: the driver may be gone when static objects are.
const Library& library() {
  static const Library loaded = [] {
    void* const file = open();
    Library functions = {};
    find(file, "cublasCreate_v2", functions.create);
    find(file, "cublasSetStream_v2", functions.set_stream);
    find(file, "cublasSetMathMode", functions.set_math_mode);
    find(file, "cublasSgemmStridedBatched", functions.multiply_float);
    find(file, "cublasDgemmStridedBatched", functions.multiply_double);
    return functions;
  }();
  return loaded;
}

void check(int status, const char* call) {
  if (status == kSuccess) return;
  throw std::runtime_error(std::string(call) + " failed with status " + std::to_string(status));
}

/// The library's state for a device; one call at a time.
struct Context {
  std::mutex mutex;
  Handle handle = nullptr;

  Handle get() {
    if (handle == nullptr) {
      Handle made = nullptr;
      check(library().create(&made), "cublasCreate");
      check(library().set_math_mode(made, kPedanticMath), "cublasSetMathMode");
      check(library().set_stream(made, stream()), "cublasSetStream");
      handle = made;
    }
    return handle;
  }
};

Context& context() {
  static auto* const contexts = new std::array<Context, kMaxDevices>;
  return (*contexts)[static_cast<std::size_t>(current_device())];
}

std::atomic<bool> chosen{false};

/// A matrix as BLAS knows it: columns without gaps, `leading` apart; or its transpose is that.
struct BlasMatrix {
  int operation;
  int64_t leading;
};

std::optional<BlasMatrix> blas_matrix(const device::Matrix& matrix, int64_t rows, int64_t cols) {
  if ((matrix.row_stride == 1 || rows == 1) && (matrix.col_stride >= rows || cols == 1)) {
    return BlasMatrix{kNormal, cols == 1 ? rows : matrix.col_stride};
  }
  if ((matrix.col_stride == 1 || cols == 1) && (matrix.row_stride >= cols || rows == 1)) {
    return BlasMatrix{kTransposed, rows == 1 ? cols : matrix.row_stride};
  }
  return std::nullopt;
}

template <class T>
void multiply(const device::Products& all, const BlasMatrix& a, const BlasMatrix& b, int64_t a_step,
              int64_t b_step, int64_t count) {
  const T one = 1, zero = 0;
  Context& ours = context();
  const std::lock_guard lock(ours.mutex);
  make_current();
  check(library().gemm<T>()(ours.get(), a.operation, b.operation, static_cast<int>(all.m),
                            static_cast<int>(all.n), static_cast<int>(all.k), &one,
                            reinterpret_cast<const T*>(all.a.data), static_cast<int>(a.leading),
                            a_step, reinterpret_cast<const T*>(all.b.data),
                            static_cast<int>(b.leading), b_step, &zero, reinterpret_cast<T*>(all.c),
                            static_cast<int>(all.m), all.m * all.n, static_cast<int>(count)),
        "cublasGemmStridedBatched");
}

}  // namespace

void set_matmul(const std::string& name) {
  if (name != "needle" && name != "cublas") {
    throw std::invalid_argument("matmul is \"needle\" or \"cublas\", not \"" + name + "\"");
  }
  if (name == "cublas") library();
  chosen = name == "cublas";
}

std::string matmul_backend() {
  return chosen ? "cublas" : "needle";
}

bool multiply_by_cublas(const device::Products& products, const Loops<3>& batch) {
  if (!chosen || !is_floating(products.dtype) || batch.shape.size() > 1) return false;
  // Columns of C without gaps are the rows of its transpose, which is B^T A^T.
  device::Products all = products;
  all.transpose();
  const auto a = blas_matrix(all.a, all.m, all.k), b = blas_matrix(all.b, all.k, all.n);
  if (!a || !b) return false;
  const bool many = batch.shape.size() == 1;
  const int64_t count = many ? batch.shape[0] : 1;
  const int64_t a_step = many ? batch.strides[2][0] : 0, b_step = many ? batch.strides[1][0] : 0;
  if (a_step < 0 || b_step < 0) return false;
  const int64_t largest = std::max({all.m, all.n, all.k, a->leading, b->leading, count});
  if (largest > std::numeric_limits<int>::max()) return false;
  if (all.dtype == DType::float32) {
    multiply<float>(all, *a, *b, a_step, b_step, count);
  } else {
    multiply<double>(all, *a, *b, a_step, b_step, count);
  }
  return true;
}

}  // namespace needle::cuda
