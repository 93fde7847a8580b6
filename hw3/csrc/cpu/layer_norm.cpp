#include <cmath>
#include <limits>
#include <vector>

#include "cpu/normalization_checks.h"
#include "cpu/rows.h"
#include "ops/normalization.h"

namespace needle {
namespace {

/// Rows whose parts of the gradients of weight and bias are added up in their dtype.
constexpr std::int64_t kChunk = 64;

/// Adds up `chunks` partial sums of n elements each.
template <class T>
void add_up(const std::vector<T>& partial, std::int64_t chunks, std::int64_t n, T* result) {
  std::vector<double> total(static_cast<std::size_t>(n));
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    const T* part = partial.data() + chunk * n;
    for (std::int64_t j = 0; j < n; ++j) total[j] += static_cast<double>(part[j]);
  }
  for (std::int64_t j = 0; j < n; ++j) result[j] = static_cast<T>(total[j]);
}

}  // namespace

ThreeViews layer_norm(const View& x, const View& weight, const View& bias, double eps) {
  check_floating("layer_norm", x, weight, bias);
  check_axes("layer_norm", x, 1, true);
  check_shape("layer_norm", "a weight", weight, features(x));
  check_shape("layer_norm", "a bias", bias, features(x));
  const Dims leading = leading_shape(x);
  View y = View::empty(x.dtype, x.shape);
  if (x.size() == 0) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {y, filled(x.dtype, leading, nan), filled(x.dtype, leading, nan)};
  }
  View mean = View::empty(x.dtype, leading), variance = View::empty(x.dtype, leading);
  const View w = without_gaps(weight), b = without_gaps(bias);
  const std::int64_t n = x.shape[x.ndim() - 1];
  visit_floating(x.dtype, [&]<class T>(T zero) {
    for_rows(count(leading), n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(x);
      for (std::int64_t row = begin; row < end; ++row) {
        normalization_kernels(zero).row(rows[row], w.data<T>(), b.data<T>(), static_cast<T>(eps),
                                        y.data<T>() + row * n, n, mean.data<T>() + row,
                                        variance.data<T>() + row);
      }
    });
  });
  return {std::move(y), std::move(mean), std::move(variance)};
}

ThreeViews layer_norm_gradient(const View& grad, const View& x, const View& weight,
                               const View& mean, const View& variance, double eps) {
  const char* name = "layer_norm_gradient";
  check_floating(name, x, grad, weight, mean, variance);
  check_axes(name, x, 1, true);
  check_shape(name, "a gradient", grad, x.shape);
  check_shape(name, "a weight", weight, features(x));
  check_shape(name, "a mean", mean, leading_shape(x));
  check_shape(name, "a variance", variance, leading_shape(x));
  View dx = View::empty(x.dtype, x.shape);
  View dweight = filled(x.dtype, features(x), 0), dbias = filled(x.dtype, features(x), 0);
  if (x.size() == 0) return {std::move(dx), std::move(dweight), std::move(dbias)};
  const View w = without_gaps(weight), means = without_gaps(mean);
  const View variances = without_gaps(variance);
  const std::int64_t n = x.shape[x.ndim() - 1], rows = count(leading_shape(x));
  const std::int64_t chunks = (rows + kChunk - 1) / kChunk;
  visit_floating(x.dtype, [&]<class T>(T zero) {
    std::vector<T> weight_parts(static_cast<std::size_t>(chunks * n)), bias_parts(weight_parts);
    for_rows(chunks, n * kChunk, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> xs(x), grads(grad);
      for (std::int64_t row = begin * kChunk; row < std::min(rows, end * kChunk); ++row) {
        const T rate = 1 / std::sqrt(variances.data<T>()[row] + static_cast<T>(eps));
        const std::int64_t part = row / kChunk * n;
        normalization_kernels(zero).row_gradient(
            grads[row], xs[row], w.data<T>(), means.data<T>()[row], rate, dx.data<T>() + row * n, n,
            weight_parts.data() + part, bias_parts.data() + part);
      }
    });
    add_up(weight_parts, chunks, n, dweight.data<T>());
    add_up(bias_parts, chunks, n, dbias.data<T>());
  });
  return {std::move(dx), std::move(dweight), std::move(dbias)};
}

}  // namespace needle
