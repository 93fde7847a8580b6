#pragma once
// Products of a matrix and a vector.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/matmul_kernels.h"
#include "cpu/simd_parts.h"

namespace needle::NEEDLE_ISA {
namespace {

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

}  // namespace
}  // namespace needle::NEEDLE_ISA
