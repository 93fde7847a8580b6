// One pass over a data set with stochastic gradient descent, on row-major buffers.
//
// Batches are taken in order; the last one may be smaller and is divided by its own size.
// Everything here trusts its caller: sizes and labels are checked in bindings.cpp.

#pragma once

#include <cstdint>
#include <functional>

#include "matmul.h"

namespace needle {

struct Examples {
  const float* features;  // m x n
  const uint8_t* labels;  // m, each below the number of classes
  int64_t m, n;
};

struct Descent {
  float lr;
  int64_t batch;  // at least 1
  AddProduct add_product;
  std::function<void()> after_batch;  // may throw: the updates made so far stay
};

// Both call `after_batch` after each batch, which is how a signal stops a long epoch.

/// theta -= lr / B * X^T (softmax(X theta) - onehot(y)) for each batch of B; theta is n x k.
void softmax_regression_epoch(const Examples& examples, float* theta, int64_t k,
                              const Descent& descent);

/// The same for the logits ReLU(X W1) W2, where w1 is n x d and w2 is d x k.
void nn_epoch(const Examples& examples, float* w1, int64_t d, float* w2, int64_t k,
              const Descent& descent);

}  // namespace needle
