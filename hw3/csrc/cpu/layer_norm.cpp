#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/normalization_choice.h"
#include "cpu/rows.h"
#include "ops/floating.h"
#include "ops/normalization_kernels.h"

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

void device::layer_norm(const View& y, const View& mean, const View& variance, const View& x,
                        const View& weight, const View& bias, double eps) {
  const std::int64_t n = x.shape[x.ndim() - 1];
  visit_floating(x.dtype, [&]<class T>(T zero) {
    for_rows(count(leading_shape(x)), n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(x);
      for (std::int64_t row = begin; row < end; ++row) {
        normalization_kernels(zero).row(rows[row], weight.data<T>(), bias.data<T>(),
                                        static_cast<T>(eps), y.data<T>() + row * n, n,
                                        mean.data<T>() + row, variance.data<T>() + row);
      }
    });
  });
}

void device::layer_norm_gradient(const View& dx, const View& dweight, const View& dbias,
                                 const View& grad, const View& x, const View& weight,
                                 const View& mean, const View& variance, double eps) {
  const std::int64_t n = x.shape[x.ndim() - 1], rows = count(leading_shape(x));
  const std::int64_t chunks = (rows + kChunk - 1) / kChunk;
  visit_floating(x.dtype, [&]<class T>(T zero) {
    std::vector<T> weight_parts(static_cast<std::size_t>(chunks * n)), bias_parts(weight_parts);
    for_rows(chunks, n * kChunk, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> xs(x), grads(grad);
      for (std::int64_t row = begin * kChunk; row < std::min(rows, end * kChunk); ++row) {
        const T rate = 1 / std::sqrt(variance.data<T>()[row] + static_cast<T>(eps));
        const std::int64_t part = row / kChunk * n;
        normalization_kernels(zero).row_gradient(
            grads[row], xs[row], weight.data<T>(), mean.data<T>()[row], rate,
            dx.data<T>() + row * n, n, weight_parts.data() + part, bias_parts.data() + part);
      }
    });
    add_up(weight_parts, chunks, n, dweight.data<T>());
    add_up(bias_parts, chunks, n, dbias.data<T>());
  });
}

}  // namespace needle
