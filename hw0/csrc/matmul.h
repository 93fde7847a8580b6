// Matrix products in single precision, compiled once per instruction set.
//
// Everything here trusts its caller: sizes and pointers are checked in bindings.cpp.

#pragma once

#include <cstdint>
#include <span>

namespace needle {

/// A matrix that is only read: element (i, j) is `data[i * row_stride + j * col_stride]`.
///
/// With two strides a transpose is the same memory with the strides swapped, so that one
/// product serves A B, A^T B and A B^T.
struct MatrixView {
  const float* data;
  int64_t rows, cols;
  int64_t row_stride, col_stride;  // in elements

  MatrixView transposed() const { return {data, cols, rows, col_stride, row_stride}; }
};

/// The view of a row-major buffer without gaps.
inline MatrixView compact(const float* data, int64_t rows, int64_t cols) {
  return {data, rows, cols, cols, 1};
}

/// C += scale * A B, where C is row-major without gaps and overlaps neither A nor B.
using AddProduct = void (*)(float* c, float scale, MatrixView a, MatrixView b);

struct InstructionSet {
  const char* name;
  AddProduct add_product;
};

/// The sets that this processor runs, the fastest first; the last one is "baseline".
std::span<const InstructionSet> instruction_sets();

}  // namespace needle
