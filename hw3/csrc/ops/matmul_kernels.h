#pragma once
// What a device does for matmul.cpp, which has checked the operands.

#include <cstdint>

#include "common/view.h"

namespace needle::device {

/// A matrix of a product: element (i, j) is `data[i * row_stride + j * col_stride]`. Strides are in
/// elements and may be anything.
struct Matrix {
  const char* data;
  std::int64_t row_stride, col_stride;
};

/// Many products C = A B of one shape, m x k times k x n, none of them 0. The matrices of `c` lie
/// one after the other in the order of the batch, row-major and without gaps.
struct Products {
  DType dtype;
  std::int64_t m, k, n;
  Matrix a, b;  // of the first product
  char* c;
  Loops<2> batch;  // the way from one A, and one B, to the others

  /// Makes C^T = B^T A^T of it. If C is a single row, that is the same memory.
  void transpose();
  /// Makes a batch of A times one B a single product of all rows, if these lie evenly.
  void merge_rows();
};

/// Whether a copy of `a`, an operand of which each element is used `uses` times, pays: its kernels
/// would not read elements that are neighbours in memory.
bool copy_pays(const View& a, std::int64_t uses);

/// Computes all products. Integers wrap. A row of floats times a matrix arrives transposed, as a
/// matrix times a column.
void multiply(const Products& products);

}  // namespace needle::device
