#pragma once
// What conv.cpp asks of an instruction set, beside the matrix product. Plain structures only,
// because conv_isa.cpp is compiled once per set (see isa.h).

#include <cstdint>

#include "cpu/declare_table.h"
#include "cpu/matmul_kernels.h"

namespace needle {

/// A matrix that is read where it is: element (i, k) is `data[i * row_stride + offsets[k]]`.
template <class T>
struct ScatteredColumns {
  const T* data;
  std::int64_t rows, row_stride;
  const std::int64_t* offsets;
  std::int64_t depth;
};

template <class T>
struct ConvKernels {
  /// Copies `lines` lines of `count` neighbouring numbers; strides are from line to line.
  void (*copy_lines)(const T* from, std::int64_t from_stride, T* to, std::int64_t to_stride,
                     std::int64_t lines, std::int64_t count);

  /// C = A B, or C += A B, for panels that are `panel_cols` wide.
  void (*multiply)(const ScatteredColumns<T>& a, const Panels<T>& b, std::int64_t panel_cols,
                   const Output<T>& c);
};

struct ConvTable {
  ConvKernels<float> float32;
  ConvKernels<double> float64;
};

NEEDLE_DECLARE_TABLE(ConvTable, conv_table)

}  // namespace needle
