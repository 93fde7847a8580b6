#pragma once
// What matmul.cpp asks of an instruction set. Constants and plain structures only, because
// matmul_isa.cpp is compiled once per set (see isa.h).

#include <cstdint>

#include "cpu/declare_table.h"

namespace needle {

/// A matrix that is only read: element (i, j) is `data[i * row_stride + j * col_stride]`.
///
/// Strides are in elements and may be anything, so that a transpose, a flip or a broadcast is the
/// same memory.
template <class T>
struct MatrixView {
  const T* data;
  std::int64_t rows, cols;
  std::int64_t row_stride, col_stride;
};

/// Columns of B, cut into panels that are as wide as a tile. Element (k, j) of panel p is
/// `data[p * panel_stride + k * row_stride + j]`; the last panel is filled up to whole vectors.
template <class T>
struct Panels {
  const T* data;
  std::int64_t panel_stride, row_stride;
};

/// Where a product goes: `rows` x `cols` elements, each row without gaps.
template <class T>
struct Output {
  T* data;
  std::int64_t rows, cols, row_stride;
  bool accumulate;  // add to what is there
};

/// The kernels for float or double of one instruction set. No operand overlaps an output.
template <class T>
struct MatmulKernels {
  /// The register tile: C is computed in pieces of at most this size.
  int tile_rows, tile_cols;

  /// Copies B to panels without gaps; `out` has place for B's rows times its columns, these rounded
  /// up to `tile_cols`.
  void (*pack)(MatrixView<T> b, T* out);

  /// C = A B, or C += A B. `strip` has place for tile_rows rows of A, to which they are copied
  /// before use; if it is null, A is read where it is.
  void (*multiply)(MatrixView<T> a, Panels<T> b, Output<T> c, T* strip);

  /// y = A x for A whose rows have no gaps: a dot product for each.
  void (*dot_rows)(MatrixView<T> a, const T* x, T* y);

  /// y = A x for A whose columns have no gaps: their sum, with x as weights.
  void (*add_cols)(MatrixView<T> a, const T* x, T* y);
};

struct MatmulTable {
  MatmulKernels<float> float32;
  MatmulKernels<double> float64;
};

NEEDLE_DECLARE_TABLE(MatmulTable, matmul_table)

}  // namespace needle
