// Rows of the softmax family: compiled once per instruction set, as NEEDLE_ISA.
//
// A row is first copied to a scratch buffer, whose last vector is filled up with -infinity: that
// changes no maximum, and no sum of exponentials. From then on it is in the nearest cache.

#include "cpu/lanes.h"
#include "cpu/softmax_table.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
T log_of(T x) {
  return log<T>(fill(x))[0];
}

/// Copies scale * x to `scratch`, and returns the peak. The product is stored before the peak is
/// subtracted: as one operation, the difference of large numbers would not be 0 at the peak.
template <class T>
T scaled(const T* x, std::int64_t n, T scale, T* scratch) {
  constexpr std::int64_t step = kLanes<T>;
  Vector<T> peaks[4] = {fill(-kInfinity<T>), fill(-kInfinity<T>), fill(-kInfinity<T>),
                        fill(-kInfinity<T>)};
  std::int64_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      const Vector<T> value = load(x + i + k * step) * scale;
      store(scratch + i + k * step, value);
      peaks[k] = larger<T>(value, peaks[k]);
    }
  }
  for (; i + step <= n; i += step) {
    const Vector<T> value = load(x + i) * scale;
    store(scratch + i, value);
    peaks[0] = larger<T>(value, peaks[0]);
  }
  if (i < n) {
    // The scale may be 0 or negative: it is not for what fills up.
    const Vector<T> value = load_or<T>(x + i, n - i, 0) * scale;
    store(scratch + i, fill(-kInfinity<T>));
    store(scratch + i, value, n - i);
    peaks[0] = larger<T>(load(scratch + i), peaks[0]);
  }
  const T peak = max_of<T>(larger<T>(larger<T>(peaks[0], peaks[1]), larger<T>(peaks[2], peaks[3])));
  return peak - peak == 0 ? peak : T(0);
}

/// The sum of exp(scratch - shift) over n elements, which take the place of the elements if `kept`.
template <bool kept, class T>
T exponentials(T* scratch, std::int64_t n, T shift) {
  return static_cast<T>(sum_over<T>(n, [=](std::int64_t i, std::int64_t) {
    const Vector<T> value = exp<T>(load(scratch + i) - shift);
    if constexpr (kept) store(scratch + i, value);
    return value;
  }));
}

/// out[i] = function(i, count), vector by vector.
template <class T, class Function>
void write(T* out, std::int64_t n, const Function& function) {
  std::int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) store(out + i, function(i, kLanes<T>));
  if (i < n) store<T>(out + i, function(i, n - i), n - i);
}

template <class T>
void softmax(const T* x, T* out, std::int64_t n, std::int64_t taken, T scale, T* scratch) {
  const T peak = scaled(x, taken, scale, scratch);
  const T inverse = 1 / exponentials<true>(scratch, taken, peak);
  write(out, taken, [=](std::int64_t i, std::int64_t) { return load(scratch + i) * inverse; });
  for (std::int64_t i = taken; i < n; ++i) out[i] = 0;
}

template <class T>
void softmax_gradient(const T* grad, const T* y, T* out, std::int64_t n, T scale) {
  const T dot = static_cast<T>(sum_over<T>(n, [=](std::int64_t i, std::int64_t count) {
    return load(grad + i, count) * load(y + i, count);
  }));
  write(out, n, [=](std::int64_t i, std::int64_t count) {
    return scale * load(y + i, count) * (load(grad + i, count) - dot);
  });
}

template <class T>
void log_softmax(const T* x, T* out, std::int64_t n, T* scratch) {
  const T peak = scaled(x, n, T(1), scratch);
  const T log_total = log_of(exponentials<false>(scratch, n, peak));
  write(out, n,
        [=](std::int64_t i, std::int64_t) { return (load(scratch + i) - peak) - log_total; });
}

template <class T>
void log_softmax_gradient(const T* grad, const T* y, T* out, std::int64_t n) {
  const T total = static_cast<T>(
      sum_over<T>(n, [=](std::int64_t i, std::int64_t count) { return load(grad + i, count); }));
  write(out, n, [=](std::int64_t i, std::int64_t count) {
    return load(grad + i, count) - exp<T>(load(y + i, count)) * total;
  });
}

template <class T>
T logsumexp(const T* x, std::int64_t n, T* scratch) {
  const T peak = scaled(x, n, T(1), scratch);
  return log_of(exponentials<false>(scratch, n, peak)) + peak;
}

template <class T>
T loss(const T* z, std::int64_t n, std::int64_t label, T s, T* total, T* scratch) {
  const T peak = scaled(z, n, T(1), scratch);
  const T log_total = log_of(exponentials<false>(scratch, n, peak));
  *total = log_total + peak;
  T result = log_total - (z[label] - peak) * (1 - s);
  if (s != 0) {  // 0 times a logit of -infinity is nan
    const double shifted = sum_over<T>(n, [=](std::int64_t i, std::int64_t count) {
      return load_or<T>(z + i, count, peak) - peak;
    });
    result -= static_cast<T>(shifted / static_cast<double>(n)) * s;
  }
  return result;
}

/// Beside a large peak, `total` has no room for the logarithm of the sum. That makes all
/// exponentials wrong by one factor, which their sum takes out again.
template <class T>
void loss_gradient(const T* z, T* out, std::int64_t n, std::int64_t label, T s, T total, T grad,
                   T* scratch) {
  const T sum = static_cast<T>(sum_over<T>(n, [=](std::int64_t i, std::int64_t count) {
    const Vector<T> value = exp<T>(load_or<T>(z + i, count, -kInfinity<T>) - total);
    store(scratch + i, value);
    return value;
  }));
  const T inverse = 1 / sum, share = s / static_cast<T>(n);
  write(out, n,
        [=](std::int64_t i, std::int64_t) { return (load(scratch + i) * inverse - share) * grad; });
  out[label] = (scratch[label] * inverse - (1 - s) - share) * grad;
}

template <class T>
constexpr SoftmaxKernels<T> kKernels = {
    softmax<T>, softmax_gradient<T>, log_softmax<T>, log_softmax_gradient<T>, logsumexp<T>,
    loss<T>,    loss_gradient<T>};

constexpr SoftmaxTable kTable = {kKernels<float>, kKernels<double>};

}  // namespace

const SoftmaxTable& softmax_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
