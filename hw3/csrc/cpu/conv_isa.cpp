// Inner loops of convolutions, beside the matrix product: copies of many short lines, which patches
// are made of, and a product with a matrix that is read where it lies. Compiled once per
// instruction set (see isa.h).

#include "cpu/conv_kernels.h"
#include "cpu/simd_parts.h"

namespace needle::NEEDLE_ISA {
namespace {

using std::int64_t;

/// Copies `Count` numbers.
template <int64_t Count, class T>
inline __attribute__((always_inline)) void copy_some(const T* from, T* to) {
  __builtin_memcpy(to, from, Count * sizeof(T));
}

/// Copies Half <= count <= 2 Half numbers, those in the middle twice.
template <int64_t Half, class T>
inline __attribute__((always_inline)) void copy_ends(const T* from, T* to, int64_t count) {
  T last[Half];
  __builtin_memcpy(last, from + count - Half, sizeof(last));
  copy_some<Half>(from, to);
  __builtin_memcpy(to + count - Half, last, sizeof(last));
}

template <class T, class Copy>
inline __attribute__((always_inline)) void each_line(const T* from, int64_t from_stride, T* to,
                                                     int64_t to_stride, int64_t lines, Copy copy) {
  for (int64_t line = 0; line < lines; ++line, from += from_stride, to += to_stride) copy(from, to);
}

template <class T>
void copy_lines(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t lines,
                int64_t count) {
  constexpr int64_t kSome = kVectorBytes < 32 ? kLanes<T> : 32 / sizeof(T);
  const auto each = [&](auto copy) __attribute__((always_inline)) {
    each_line(from, from_stride, to, to_stride, lines, copy);
  };
  if (count > 2 * kSome) {
    each([count](const T* a, T* b) __attribute__((always_inline)) {
      for (int64_t i = 0; i < count - kSome; i += kSome) copy_some<kSome>(a + i, b + i);
      copy_some<kSome>(a + count - kSome, b + count - kSome);
    });
  } else if (count >= kSome) {
    each([count](const T* a, T* b)
             __attribute__((always_inline)) { copy_ends<kSome>(a, b, count); });
  } else if (kSome > 8 && count >= 8) {
    each([count](const T* a, T* b) __attribute__((always_inline)) { copy_ends<8>(a, b, count); });
  } else if (kSome > 4 && count >= 4) {
    each([count](const T* a, T* b) __attribute__((always_inline)) { copy_ends<4>(a, b, count); });
  } else {
    each([count](const T* a, T* b) __attribute__((always_inline)) {
      for (int64_t i = 0; i < count; ++i) b[i] = a[i];
    });
  }
}

constexpr int kRows = 8;  // of a tile: as many sums as hide the latency of an addition

template <class T, int Rows, class Part>
NEEDLE_INLINE void multiply_tile(const ScatteredColumns<T>& a, const T* b, int64_t b_step, T* c,
                                 int64_t c_row, bool accumulate, Part part) {
  Vector<T> sums[Rows] = {};
  for (int64_t k = 0; k < a.depth; ++k, b += b_step) {
    const T* column = a.data + a.offsets[k];
    const Vector<T> line = load(b);
    NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) sums[i] += column[i * a.row_stride] * line;
  }
  NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) {
    T* at = c + i * c_row;
    part.store(at, accumulate ? part.load(at) + sums[i] : sums[i]);
  }
}

/// Calls the tile of as many rows as there are.
template <class T, int Rows = kRows, class Part>
NEEDLE_INLINE void choose_tile(const ScatteredColumns<T>& a, int64_t rows, const T* b,
                               int64_t b_step, T* c, int64_t c_row, bool accumulate, Part part) {
  if constexpr (Rows > 1) {
    if (rows < Rows) {
      return choose_tile<T, Rows - 1>(a, rows, b, b_step, c, c_row, accumulate, part);
    }
  }
  multiply_tile<T, Rows>(a, b, b_step, c, c_row, accumulate, part);
}

template <class T>
void multiply_scattered(const ScatteredColumns<T>& a, const Panels<T>& b, int64_t panel_cols,
                        const Output<T>& c) {
  for (int64_t i = 0; i < a.rows; i += kRows) {
    const int64_t rows = smaller(kRows, a.rows - i);
    const ScatteredColumns<T> some = {a.data + i * a.row_stride, rows, a.row_stride, a.offsets,
                                      a.depth};
    for (int64_t j = 0; j < c.cols; j += kLanes<T>) {
      const T* from = b.data + j / panel_cols * b.panel_stride + j % panel_cols;
      T* to = c.data + i * c.row_stride + j;
      if (c.cols - j >= kLanes<T>) {
        choose_tile(some, rows, from, b.row_stride, to, c.row_stride, c.accumulate, Whole<T>());
      } else {
        choose_tile(some, rows, from, b.row_stride, to, c.row_stride, c.accumulate,
                    First<T>(c.cols - j));
      }
    }
  }
}

template <class T>
constexpr ConvKernels<T> kernels = {copy_lines<T>, multiply_scattered<T>};

}  // namespace

const ConvTable& conv_table() {
  static constexpr ConvTable table = {kernels<float>, kernels<double>};
  return table;
}

}  // namespace needle::NEEDLE_ISA
