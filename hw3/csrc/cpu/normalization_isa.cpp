// Rows and columns of normalisation: compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/lanes.h"
#include "cpu/normalization_table.h"

namespace needle::NEEDLE_ISA {
namespace {

/// Calls `function(i, count)` for the vectors of a row of n elements; `count` is what is left.
template <class T, class Function>
void for_vectors(std::int64_t n, const Function& function) {
  std::int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) function(i, kLanes<T>);
  if (i < n) function(i, n - i);
}

// ---- rows

template <class T>
void row(const T* x, const T* weight, const T* bias, T eps, T* y, std::int64_t n, T* mean,
         T* variance) {
  const double size = static_cast<double>(n);
  const T centre = static_cast<T>(
      sum_over<T>(n, [=](std::int64_t i, std::int64_t count) { return load_part(x + i, count); }) /
      size);
  const double squares = sum_over<T>(n, [=](std::int64_t i, std::int64_t count) {
    const Vector<T> deviation = load_or<T>(x + i, count, centre) - centre;
    return deviation * deviation;
  });
  *mean = centre;
  *variance = static_cast<T>(squares / size);
  const T rate = 1 / square_root<T>(fill(*variance + eps))[0];
  for_vectors<T>(n, [=](std::int64_t i, std::int64_t count) {
    const Vector<T> normal = (load_part(x + i, count) - centre) * rate;
    store_part<T>(y + i, normal * load_part(weight + i, count) + load_part(bias + i, count), count);
  });
}

template <class T>
void row_gradient(const T* grad, const T* x, const T* weight, T mean, T rate, T* dx, std::int64_t n,
                  T* dweight, T* dbias) {
  Sums<T> sums, products;
  for_vectors<T>(n, [&](std::int64_t i, std::int64_t count) {
    const Vector<T> each = load_part(grad + i, count), g = each * load_part(weight + i, count);
    const Vector<T> normal = (load_part(x + i, count) - mean) * rate;
    const int k = i / kLanes<T> % Sums<T>::kSums;
    sums.sums[k] += g;
    products.sums[k] += g * normal;
    store_part<T>(dweight + i, load_part(dweight + i, count) + each * normal, count);
    store_part<T>(dbias + i, load_part(dbias + i, count) + each, count);
  });
  const T shift = sums.total() / static_cast<T>(n), tilt = products.total() / static_cast<T>(n);
  for_vectors<T>(n, [=](std::int64_t i, std::int64_t count) {
    const Vector<T> g = load_part(grad + i, count) * load_part(weight + i, count);
    const Vector<T> normal = (load_part(x + i, count) - mean) * rate;
    store_part<T>(dx + i, (g - shift - normal * tilt) * rate, count);
  });
}

// ---- columns

/// Writes the sum of `term(row, i, count)` over all rows to sums[i], of each of some columns.
///
/// Four rows are added before their sum is: the error is a quarter of that of one long sum.
template <class T, class Term>
void sum_columns(std::int64_t rows, std::int64_t columns, double* sums, const Term& term) {
  for_vectors<T>(columns, [&](std::int64_t i, std::int64_t count) {
    Vector<T> sum = {};
    std::int64_t row = 0;
    for (; row + 4 <= rows; row += 4) {
      sum += (term(row, i, count) + term(row + 1, i, count)) +
             (term(row + 2, i, count) + term(row + 3, i, count));
    }
    for (; row < rows; ++row) sum += term(row, i, count);
    for (int lane = 0; lane < kLanes<T> && lane < count; ++lane) {
      sums[i + lane] = static_cast<double>(sum[lane]);
    }
  });
}

template <class T>
void moments(const Rectangle<T>& x, double* means, double* squares) {
  const double size = static_cast<double>(x.rows);
  for_vectors<T>(x.columns, [&](std::int64_t i, std::int64_t count) {
    const T* data = x.data + i;
    double sums[kLanes<T>];
    sum_columns<T>(x.rows, count < kLanes<T> ? count : kLanes<T>, sums,
                   [=, stride = x.stride](std::int64_t row, std::int64_t, std::int64_t) {
                     return load_part(data + row * stride, count);
                   });
    Vector<T> centre = {};
    for (int lane = 0; lane < kLanes<T> && lane < count; ++lane) {
      means[i + lane] = sums[lane] / size;
      centre[lane] = static_cast<T>(means[i + lane]);
    }
    sum_columns<T>(x.rows, count < kLanes<T> ? count : kLanes<T>, squares + i,
                   [=, stride = x.stride](std::int64_t row, std::int64_t, std::int64_t) {
                     const Vector<T> deviation = load_part(data + row * stride, count) - centre;
                     return deviation * deviation;
                   });
    // The sum of squares is smallest around the mean itself, which the rounded one is not.
    for (int lane = 0; lane < kLanes<T> && lane < count; ++lane) {
      const double error = means[i + lane] - static_cast<double>(centre[lane]);
      squares[i + lane] -= size * error * error;
    }
  });
}

template <class T>
void columns(const Rectangle<T>& x, const T* mean, const T* factor, const T* bias, T* y,
             std::int64_t y_stride) {
  for (std::int64_t row = 0; row < x.rows; ++row) {
    const T* from = x.data + row * x.stride;
    T* to = y + row * y_stride;
    for_vectors<T>(x.columns, [=](std::int64_t i, std::int64_t count) {
      const Vector<T> centred = load_part(from + i, count) - load_part(mean + i, count);
      store_part<T>(to + i, centred * load_part(factor + i, count) + load_part(bias + i, count),
                    count);
    });
  }
}

template <class T>
void column_sums(const Rectangle<T>& grad, const Rectangle<T>& x, const T* mean, double* sums,
                 double* products) {
  sum_columns<T>(x.rows, x.columns, sums,
                 [=](std::int64_t row, std::int64_t i, std::int64_t count) {
                   return load_part(grad.data + row * grad.stride + i, count);
                 });
  sum_columns<T>(
      x.rows, x.columns, products, [=](std::int64_t row, std::int64_t i, std::int64_t count) {
        return load_part(grad.data + row * grad.stride + i, count) *
               (load_part(x.data + row * x.stride + i, count) - load_part(mean + i, count));
      });
}

template <class T>
void column_gradient(const Rectangle<T>& grad, const Rectangle<T>& x, const T* mean, const T* shift,
                     const T* tilt, const T* factor, T* dx, std::int64_t dx_stride) {
  for (std::int64_t row = 0; row < x.rows; ++row) {
    const T* from = x.data + row * x.stride;
    const T* grads = grad.data + row * grad.stride;
    T* to = dx + row * dx_stride;
    for_vectors<T>(x.columns, [=](std::int64_t i, std::int64_t count) {
      const Vector<T> centred = load_part(from + i, count) - load_part(mean + i, count);
      const Vector<T> straight = load_part(grads + i, count) - load_part(shift + i, count);
      const Vector<T> result =
          (straight - centred * load_part(tilt + i, count)) * load_part(factor + i, count);
      store_part<T>(to + i, result, count);
    });
  }
}

template <class T>
constexpr NormalizationKernels<T> kKernels = {row<T>,     row_gradient<T>, moments<T>,
                                              columns<T>, column_sums<T>,  column_gradient<T>};

constexpr NormalizationTable kTable = {kKernels<float>, kKernels<double>};

}  // namespace

const NormalizationTable& normalization_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
