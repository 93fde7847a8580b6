#pragma once
// What the softmax family does to one row, compiled once per instruction set.
//
// Rows have n elements without gaps. `peak` is the largest of them, or 0 where that is not finite,
// as infinity - infinity is nan. `scratch` has room for n elements and a vector more, and may be
// `out` itself.

#include <cstdint>

#include "cpu/declare_table.h"

namespace needle {

inline constexpr std::int64_t kScratchMargin = 16;  // the elements of the widest vector

template <class T>
struct SoftmaxKernels {
  /// out = softmax(scale * x) of the first `taken` elements, and 0 for the others.
  void (*softmax)(const T* x, T* out, std::int64_t n, std::int64_t taken, T scale, T* scratch);
  /// out = scale * y * (grad - sum(grad * y))
  void (*softmax_gradient)(const T* grad, const T* y, T* out, std::int64_t n, T scale);
  /// out = (x - peak) - log(sum(exp(x - peak)))
  void (*log_softmax)(const T* x, T* out, std::int64_t n);
  /// out = grad - exp(y) * sum(grad)
  void (*log_softmax_gradient)(const T* grad, const T* y, T* out, std::int64_t n);
  /// log(sum(exp(x)))
  T (*logsumexp)(const T* x, std::int64_t n);
  /// The cross-entropy of a label, s being the smoothing; `total` becomes logsumexp(z).
  T (*loss)(const T* z, std::int64_t n, std::int64_t label, T s, T* total);
  /// out = (softmax(z) - t) * grad
  void (*loss_gradient)(const T* z, T* out, std::int64_t n, std::int64_t label, T s, T total,
                        T grad, T* scratch);
};

struct SoftmaxTable {
  SoftmaxKernels<float> float32;
  SoftmaxKernels<double> float64;
};

NEEDLE_DECLARE_TABLE(SoftmaxTable, softmax_table)

}  // namespace needle
