// Products of float and double matrices; compiled once per instruction set (see isa.h).
//
// C is cut into tiles that fit in registers: kRows rows by kVectors vectors of numbers. Each step
// along the shared dimension loads kVectors vectors of B, and multiplies them by one number from
// each row of A: kRows * kVectors multiply-adds for kRows + kVectors loads.
//
//            B  [ k ]  kVectors vectors
//    A  [ k ]  +-----------------------+
//    kRows     |       tile of C       |
//              +-----------------------+
//
// The strip of A, kRows high, is used for every panel of B: it stays in the nearest cache, and the
// panels come from the next one. An element of C is the sum of its products in the order of k,
// wherever in a tile it lies, so results do not depend on how C is cut up.

#include "cpu/matmul_kernels.h"
#include "cpu/simd.h"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define NEEDLE_INLINE inline __attribute__((always_inline))
#define NEEDLE_UNROLL _Pragma("GCC unroll 16")

namespace needle::NEEDLE_ISA {
namespace {

using std::int64_t;

// Tiles that leave registers for the operands: 24 or 12 sums, of 32 or 16 registers.
#if defined(__AVX512F__)
constexpr int kRows = 12, kVectors = 2;
#elif defined(__AVX2__)
constexpr int kRows = 4, kVectors = 3;
#elif defined(__aarch64__)
constexpr int kRows = 8, kVectors = 3;
#else
constexpr int kRows = 4, kVectors = 2;
#endif

NEEDLE_INLINE int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

template <class T>
NEEDLE_INLINE Vector<T> load(const T* from) {
  Vector<T> vector;
  __builtin_memcpy(&vector, from, sizeof(vector));
  return vector;
}

template <class T>
NEEDLE_INLINE void store(T* to, Vector<T> vector) {
  __builtin_memcpy(to, &vector, sizeof(vector));
}

/// The first `count` numbers of a vector: reads and writes nothing past them; the rest is zero.
template <class T>
class First {
 public:
#if defined(__AVX512F__)
  NEEDLE_INLINE explicit First(int64_t count) : mask_((1u << count) - 1) {}

  NEEDLE_INLINE Vector<float> load(const float* at) const {
    return (Vector<float>)_mm512_maskz_loadu_ps(mask_, at);
  }
  NEEDLE_INLINE Vector<double> load(const double* at) const {
    return (Vector<double>)_mm512_maskz_loadu_pd(mask_, at);
  }
  NEEDLE_INLINE void store(float* at, Vector<float> values) const {
    _mm512_mask_storeu_ps(at, mask_, (__m512)values);
  }
  NEEDLE_INLINE void store(double* at, Vector<double> values) const {
    _mm512_mask_storeu_pd(at, mask_, (__m512d)values);
  }

 private:
  unsigned mask_;
#elif defined(__AVX2__)
  NEEDLE_INLINE explicit First(int64_t count) {
    for (int i = 0; i < kLanes<T>; ++i) mask_[i] = i < count ? -1 : 0;
  }

  NEEDLE_INLINE Vector<float> load(const float* at) const {
    return (Vector<float>)_mm256_maskload_ps(at, (__m256i)mask_);
  }
  NEEDLE_INLINE Vector<double> load(const double* at) const {
    return (Vector<double>)_mm256_maskload_pd(at, (__m256i)mask_);
  }
  NEEDLE_INLINE void store(float* at, Vector<float> values) const {
    _mm256_maskstore_ps(at, (__m256i)mask_, (__m256)values);
  }
  NEEDLE_INLINE void store(double* at, Vector<double> values) const {
    _mm256_maskstore_pd(at, (__m256i)mask_, (__m256d)values);
  }

 private:
  decltype(Vector<T>{} < Vector<T>{}) mask_;  // integers as wide as T
#else
  NEEDLE_INLINE explicit First(int64_t count) : count_(count) {}

  NEEDLE_INLINE Vector<T> load(const T* at) const {
    Vector<T> values = {};
    NEEDLE_UNROLL for (int i = 0; i < kLanes<T>; ++i) {
      if (i < count_) values[i] = at[i];
    }
    return values;
  }
  NEEDLE_INLINE void store(T* at, Vector<T> values) const {
    NEEDLE_UNROLL for (int i = 0; i < kLanes<T>; ++i) {
      if (i < count_) at[i] = values[i];
    }
  }

 private:
  int64_t count_;
#endif
};

/// Copies `lanes` by `depth` numbers: to[k * to_stride + i] = from[i * lane_stride + k * step].
template <class T>
void copy_lanes(const T* from, int64_t lane_stride, int64_t step, int64_t lanes, int64_t depth,
                T* to, int64_t to_stride) {
  typedef T Four __attribute__((vector_size(4 * sizeof(T))));
  int64_t i = 0;
  for (; lane_stride == 1 && i + 4 <= lanes; i += 4) {
    for (int64_t k = 0; k < depth; ++k) {
      __builtin_memcpy(to + k * to_stride + i, from + k * step + i, sizeof(Four));
    }
  }
  for (; step == 1 && i + 4 <= lanes; i += 4) {
    const T* r0 = from + i * lane_stride;
    const T *r1 = r0 + lane_stride, *r2 = r1 + lane_stride, *r3 = r2 + lane_stride;
    for (int64_t k = 0; k < depth; ++k) {
      const Four column = {r0[k], r1[k], r2[k], r3[k]};
      __builtin_memcpy(to + k * to_stride + i, &column, sizeof(Four));
    }
  }
  for (; i < lanes; ++i) {
    for (int64_t k = 0; k < depth; ++k) to[k * to_stride + i] = from[i * lane_stride + k * step];
  }
}

/// Copies rows of `cols` numbers to rows of kVectors vectors; the last one is filled up with zeros.
template <class T>
void copy_rows(const MatrixView<T>& b, T* to) {
  const int64_t cols = b.cols, whole = cols / kLanes<T>;
  const First<T> part(cols % kLanes<T>);
  const T* from = b.data;
  for (int64_t k = 0; k < b.rows; ++k, from += b.row_stride, to += kVectors * kLanes<T>) {
    for (int64_t v = 0; v < whole; ++v) store(to + v * kLanes<T>, load(from + v * kLanes<T>));
    if (cols % kLanes<T> != 0) store(to + whole * kLanes<T>, part.load(from + whole * kLanes<T>));
  }
}

template <class T>
void pack(MatrixView<T> b, T* out) {
  constexpr int kCols = kVectors * kLanes<T>;
  for (int64_t j = 0; j < b.cols; j += kCols, out += b.rows * kCols) {
    const int64_t cols = smaller(kCols, b.cols - j);
    const MatrixView<T> panel = {b.data + j * b.col_stride, b.rows, cols, b.row_stride,
                                 b.col_stride};
    if (b.col_stride == 1) {
      copy_rows(panel, out);
    } else {
      copy_lanes(panel.data, b.col_stride, b.row_stride, cols, b.rows, out, kCols);
      const T zero = 0;
      copy_lanes(&zero, 0, 0, -cols & (kLanes<T> - 1), b.rows, out + cols, kCols);
    }
  }
}

/// The operands of one tile.
template <class T>
struct Tile {
  const T* a;
  int64_t a_row, a_step;  // strides between the rows of A, and along the shared dimension
  const T* b;
  int64_t b_step;
  int64_t depth;
  T* c;
  int64_t c_row;
  int64_t last;  // columns in the last vector
  bool accumulate;
};

template <class T, int Rows, int Vectors, class Part>
NEEDLE_INLINE void write(const Tile<T>& t, const Vector<T> (&sums)[Rows][Vectors], Part part) {
  NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) {
    T* row = t.c + i * t.c_row;
    NEEDLE_UNROLL for (int v = 0; v < Vectors - 1; ++v) {
      T* at = row + v * kLanes<T>;
      store(at, t.accumulate ? sums[i][v] + load(at) : sums[i][v]);
    }
    T* at = row + (Vectors - 1) * kLanes<T>;
    part.store(at, t.accumulate ? sums[i][Vectors - 1] + part.load(at) : sums[i][Vectors - 1]);
  }
}

/// A whole vector, used as First is.
template <class T>
struct Whole {
  NEEDLE_INLINE Vector<T> load(const T* at) const { return needle::NEEDLE_ISA::load(at); }
  NEEDLE_INLINE void store(T* at, Vector<T> v) const { needle::NEEDLE_ISA::store(at, v); }
};

template <class T, int Rows, int Vectors, bool Packed>
__attribute__((noinline)) void multiply_tile(const Tile<T>& t) {
  Vector<T> sums[Rows][Vectors] = {};
  const int64_t a_row = Packed ? 1 : t.a_row;
  const T *a = t.a, *b = t.b;
  for (int64_t k = 0; k < t.depth; ++k, a += t.a_step, b += t.b_step) {
    NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) {
      NEEDLE_UNROLL for (int v = 0; v < Vectors; ++v) {
        sums[i][v] += a[i * a_row] * load(b + v * kLanes<T>);
      }
    }
  }
  if (t.last == kLanes<T>) {
    write(t, sums, Whole<T>());
  } else {
    write(t, sums, First<T>(t.last));
  }
}

/// Calls the tile of as many rows and vectors as there are.
template <class T, bool Packed, int Rows = kRows, int Vectors = kVectors>
NEEDLE_INLINE void choose_tile(const Tile<T>& t, int64_t rows, int64_t vectors) {
  if constexpr (Vectors > 1) {
    if (vectors < Vectors) return choose_tile<T, Packed, Rows, Vectors - 1>(t, rows, vectors);
  }
  if constexpr (Rows > 1) {
    if (rows < Rows) return choose_tile<T, Packed, Rows - 1, Vectors>(t, rows, vectors);
  }
  multiply_tile<T, Rows, Vectors, Packed>(t);
}

template <class T>
void multiply(MatrixView<T> a, Panels<T> b, Output<T> c, T* strip) {
  constexpr int kCols = kVectors * kLanes<T>;
  for (int64_t i = 0; i < c.rows; i += kRows) {
    const int64_t rows = smaller(kRows, c.rows - i);
    Tile<T> t = {
        a.data + i * a.row_stride, a.row_stride, a.col_stride, b.data,      b.row_stride, a.cols,
        c.data + i * c.row_stride, c.row_stride, kLanes<T>,    c.accumulate};
    if (strip != nullptr) {
      copy_lanes(t.a, t.a_row, t.a_step, rows, t.depth, strip, kRows);
      t.a = strip, t.a_row = 1, t.a_step = kRows;
    }
    for (int64_t j = 0; j < c.cols; j += kCols, t.b += b.panel_stride, t.c += kCols) {
      const int64_t cols = smaller(kCols, c.cols - j), vectors = (cols + kLanes<T> - 1) / kLanes<T>;
      t.last = cols - (vectors - 1) * kLanes<T>;
      if (t.a_row == 1) {
        choose_tile<T, true>(t, rows, vectors);
      } else {
        choose_tile<T, false>(t, rows, vectors);
      }
    }
  }
}

template <class T>
NEEDLE_INLINE T sum_of(Vector<T> values) {
  T total = 0;
  NEEDLE_UNROLL for (int i = 0; i < kLanes<T>; ++i) total += values[i];
  return total;
}

/// y[i] = the dot product of x and row i, for `Rows` rows; two sums for each hide the latency. The
/// next rows are asked for in advance: memory is what this waits for.
template <class T, int Rows>
NEEDLE_INLINE void dot_some(const T* a, int64_t row_stride, const T* x, int64_t length, T* y) {
  Vector<T> sums[Rows][2] = {};
  int64_t k = 0;
  for (; k + 2 * kLanes<T> <= length; k += 2 * kLanes<T>) {
    NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) {
      NEEDLE_UNROLL for (int v = 0; v < 2; ++v) {
        sums[i][v] += load(a + i * row_stride + k + v * kLanes<T>) * load(x + k + v * kLanes<T>);
        __builtin_prefetch(a + (i + Rows) * row_stride + k + v * kLanes<T>, 0, 2);
      }
    }
  }
  for (; k < length; k += kLanes<T>) {
    const First<T> part(smaller(kLanes<T>, length - k));
    NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) {
      sums[i][0] += part.load(a + i * row_stride + k) * part.load(x + k);
    }
  }
  NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) y[i] = sum_of<T>(sums[i][0] + sums[i][1]);
}

template <class T>
void dot_rows(MatrixView<T> a, const T* x, T* y) {
  int64_t i = 0;
  for (; i + 4 <= a.rows; i += 4) {
    dot_some<T, 4>(a.data + i * a.row_stride, a.row_stride, x, a.cols, y + i);
  }
  for (; i < a.rows; ++i) dot_some<T, 1>(a.data + i * a.row_stride, a.row_stride, x, a.cols, y + i);
}

/// Adds columns k to k + Cols - 1 of A, times x, to y, and asks for the next columns in advance; y
/// counts as 0 before column 0.
template <class T, int Cols>
NEEDLE_INLINE void add_some(const MatrixView<T>& a, int64_t k, const T* x, T* y) {
  const auto add = [&](int64_t i, auto part) __attribute__((always_inline)) {
    const T* from = a.data + i + k * a.col_stride;
    Vector<T> sum = k == 0 ? Vector<T>{} : part.load(y + i);
    NEEDLE_UNROLL for (int j = 0; j < Cols; ++j) {
      sum += x[k + j] * part.load(from + j * a.col_stride);
      __builtin_prefetch(from + (j + Cols) * a.col_stride, 0, 2);
    }
    part.store(y + i, sum);
  };
  int64_t i = 0;
  for (; i + kLanes<T> <= a.rows; i += kLanes<T>) add(i, Whole<T>());
  if (i < a.rows) add(i, First<T>(a.rows - i));
}

template <class T>
void add_cols(MatrixView<T> a, const T* x, T* y) {
  int64_t k = 0;
  for (; k + 4 <= a.cols; k += 4) add_some<T, 4>(a, k, x, y);
  for (; k < a.cols; ++k) add_some<T, 1>(a, k, x, y);
}

template <class T>
constexpr MatmulKernels<T> kernels = {kRows,       kVectors * kLanes<T>, pack<T>,
                                      multiply<T>, dot_rows<T>,          add_cols<T>};

}  // namespace

const MatmulTable& matmul_table() {
  static constexpr MatmulTable table = {kernels<float>, kernels<double>};
  return table;
}

}  // namespace needle::NEEDLE_ISA
