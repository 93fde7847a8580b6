#pragma once
// The size of the tiles of a product, and how its operands are copied to strips and panels of it.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/matmul_kernels.h"
#include "cpu/simd_parts.h"

namespace needle::NEEDLE_ISA {
namespace {

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

}  // namespace
}  // namespace needle::NEEDLE_ISA
