#include "epochs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <vector>

namespace needle {
namespace {

std::vector<float> scratch(int64_t rows, int64_t cols) {
  if (rows > std::numeric_limits<int64_t>::max() / cols) throw std::bad_alloc();
  return std::vector<float>(static_cast<size_t>(rows * cols));
}

void multiply(const Descent& descent, MatrixView a, MatrixView b, float* product) {
  std::fill_n(product, a.rows * b.cols, 0.0f);
  descent.add_product(product, 1.0f, a, b);
}

/// Replaces each row of logits by softmax(row) - onehot(label), the gradient of its loss.
void softmax_gradient(float* logits, const uint8_t* labels, int64_t rows, int64_t k) {
  for (int64_t i = 0; i < rows; ++i, logits += k) {
    // Without the peak, exp would overflow for logits above 88.
    const float peak = *std::max_element(logits, logits + k);
    float total = 0.0f;
    for (int64_t j = 0; j < k; ++j) total += logits[j] = std::exp(logits[j] - peak);
    for (int64_t j = 0; j < k; ++j) logits[j] /= total;
    logits[labels[i]] -= 1.0f;
  }
}

}  // namespace

void softmax_regression_epoch(const Examples& examples, float* theta, int64_t k,
                              const Descent& descent) {
  const int64_t m = examples.m, n = examples.n;
  std::vector<float> logits = scratch(std::min(descent.batch, m), k);  // then their gradient
  for (int64_t first = 0; first < m; first += descent.batch) {
    const int64_t size = std::min(descent.batch, m - first);
    const MatrixView x = compact(examples.features + first * n, size, n);
    multiply(descent, x, compact(theta, n, k), logits.data());
    softmax_gradient(logits.data(), examples.labels + first, size, k);

    const float step = descent.lr / static_cast<float>(size);
    descent.add_product(theta, -step, x.transposed(), compact(logits.data(), size, k));
    descent.after_batch();
  }
}

void nn_epoch(const Examples& examples, float* w1, int64_t d, float* w2, int64_t k,
              const Descent& descent) {
  const int64_t m = examples.m, n = examples.n, most = std::min(descent.batch, m);
  std::vector<float> hidden = scratch(most, d), hidden_gradient = scratch(most, d);
  std::vector<float> logits = scratch(most, k);  // then their gradient
  for (int64_t first = 0; first < m; first += descent.batch) {
    const int64_t size = std::min(descent.batch, m - first);
    const MatrixView x = compact(examples.features + first * n, size, n);
    const MatrixView h = compact(hidden.data(), size, d), g = compact(logits.data(), size, k);
    multiply(descent, x, compact(w1, n, d), hidden.data());
    for (float& value : hidden) value = value < 0.0f ? 0.0f : value;  // keeps NaN, as NumPy does
    multiply(descent, h, compact(w2, d, k), logits.data());
    softmax_gradient(logits.data(), examples.labels + first, size, k);

    multiply(descent, g, compact(w2, d, k).transposed(), hidden_gradient.data());
    for (int64_t i = 0; i < size * d; ++i) hidden_gradient[i] *= hidden[i] > 0.0f ? 1.0f : 0.0f;
    const float step = descent.lr / static_cast<float>(size);
    descent.add_product(w1, -step, x.transposed(), compact(hidden_gradient.data(), size, d));
    descent.add_product(w2, -step, h.transposed(), g);
    descent.after_batch();
  }
}

}  // namespace needle
