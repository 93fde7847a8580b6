#pragma once
// The inner loops of normalisation, compiled once per instruction set.

#include <cstdint>

#include "cpu/declare_table.h"

namespace needle {

/// A rectangle of a matrix: rows of `columns` elements without gaps, `stride` apart.
template <class T>
struct Rectangle {
  const T* data;
  std::int64_t rows, columns, stride;
};

template <class T>
struct NormalizationKernels {
  // Layer normalisation: one row of n elements.

  /// y = (x - mean) * rate * weight + bias, with rate = 1 / sqrt(variance + eps)
  void (*row)(const T* x, const T* weight, const T* bias, T eps, T* y, std::int64_t n, T* mean,
              T* variance);
  /// Writes dx, and adds the row's part to dweight and dbias.
  void (*row_gradient)(const T* grad, const T* x, const T* weight, T mean, T rate, T* dx,
                       std::int64_t n, T* dweight, T* dbias);

  // Batch normalisation: columns of a rectangle.

  /// The mean of each column, and the sum of squared deviations from it.
  void (*moments)(const Rectangle<T>& x, double* means, double* squares);
  /// y = (x - mean) * factor + bias; y has the columns of the whole matrix as its stride.
  void (*columns)(const Rectangle<T>& x, const T* mean, const T* factor, const T* bias, T* y,
                  std::int64_t y_stride);
  /// The sums over each column of grad, and of grad * (x - mean).
  void (*column_sums)(const Rectangle<T>& grad, const Rectangle<T>& x, const T* mean, double* sums,
                      double* products);
  /// dx = (grad - shift - (x - mean) * tilt) * factor
  void (*column_gradient)(const Rectangle<T>& grad, const Rectangle<T>& x, const T* mean,
                          const T* shift, const T* tilt, const T* factor, T* dx,
                          std::int64_t dx_stride);
};

struct NormalizationTable {
  NormalizationKernels<float> float32;
  NormalizationKernels<double> float64;
};

NEEDLE_DECLARE_TABLE(NormalizationTable, normalization_table)

}  // namespace needle
