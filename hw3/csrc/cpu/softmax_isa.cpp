// Rows of the softmax family: compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/lanes.h"
#include "cpu/softmax_table.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
T log_of(T x) {
  return log<T>(fill(x))[0];
}

/// e^x for x <= 0 or nan; 0 where that is below the smallest normal number. float32: within 2 units
/// in the last place, by the polynomial of degree 6 with the smallest largest error among those
/// that begin with 1 + r. With neither overflow nor denormal numbers, it takes half as long as
/// `exp`.
template <class T>
Vector<T> exp_of_negative(Vector<T> x) {
  if constexpr (sizeof(T) != sizeof(float)) {
    return exp<T>(x);
  } else {
    using F = Format<float>;
    constexpr float low = -87.3365f;  // its power is the smallest normal number
    // The sum has x / ln 2, rounded, plus the exponent's bias in its low bits.
    constexpr float rounder = 0x1.8p+23f, biased = rounder + F::bias;
    const Vector<float> inside = x < low ? fill(low) : x;
    const Vector<float> rounded = inside * 0x1.715476p+0f + biased;
    const Vector<float> k = rounded - biased;
    const Vector<float> r = (inside - k * F::ln2_high) - k * F::ln2_low;
    Vector<float> sum = fill(0x1.6a2434p-10f);
    sum = sum * r + 0x1.1239e2p-7f;
    sum = sum * r + 0x1.5558f2p-5f;
    sum = sum * r + 0x1.555492p-3f;
    sum = sum * r + 0x1.fffffcp-2f;
    const Vector<float> power = from_bits<float>(bits_of<float>(rounded) << F::fraction);
    const Vector<float> result = ((sum * r + 1) * r + 1) * power;
    return x < low ? Vector<float>{} : result;
  }
}

/// The largest element of a row, or 0 where that is not finite.
template <class T>
struct Peak {
  T value;
  bool finite;

  explicit Peak(T largest) : value(largest), finite(largest - largest == 0) {
    if (!finite) value = 0;
  }
};

/// The largest element; nan is passed over, as a sum will find it.
template <class T>
Peak<T> peak_of(const T* x, std::int64_t n) {
  constexpr std::int64_t step = kLanes<T>;
  const Vector<T> lowest = fill(-kInfinity<T>);
  Vector<T> peaks[4] = {lowest, lowest, lowest, lowest};
  std::int64_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) peaks[k] = larger<T>(load(x + i + k * step), peaks[k]);
  }
  for (; i < n; i += step) {
    peaks[0] = larger<T>(load_or<T>(x + i, n - i, -kInfinity<T>), peaks[0]);
  }
  return Peak<T>(
      max_of<T>(larger<T>(larger<T>(peaks[0], peaks[1]), larger<T>(peaks[2], peaks[3]))));
}

/// The sum of exp(x - peak), whose terms are kept in `terms`, unless it is nullptr. The row that
/// probably comes next is asked for meanwhile: else the memory would wait for the calculation.
template <bool kept, class T>
T exponentials(const T* x, std::int64_t n, Peak<T> peak, T* terms) {
  const auto sum = [=](const auto& exponential) {
    return static_cast<T>(sum_over<T>(n, [=](std::int64_t i, std::int64_t count) {
      __builtin_prefetch(x + n + i);
      const Vector<T> value = exponential(load_or<T>(x + i, count, -kInfinity<T>) - peak.value);
      if constexpr (kept) store(terms + i, value);
      return value;
    }));
  };
  if (!peak.finite) return sum([](Vector<T> v) { return exp<T>(v); });
  return sum([](Vector<T> v) { return exp_of_negative<T>(v); });
}

template <class T>
T sum_of_exponentials(const T* x, std::int64_t n, Peak<T> peak) {
  return exponentials<false, T>(x, n, peak, nullptr);
}

/// out[i] = function(i, count), vector by vector.
template <class T, class Function>
void write(T* out, std::int64_t n, const Function& function) {
  std::int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) store(out + i, function(i, kLanes<T>));
  if (i < n) store_part<T>(out + i, function(i, n - i), n - i);
}

/// The product is stored before the peak is subtracted: as one operation, the difference of large
/// numbers would not be 0 at the peak.
template <class T>
void softmax(const T* x, T* out, std::int64_t n, std::int64_t taken, T scale, T* scratch) {
  if (scale != 1) {
    write(scratch, taken,
          [=](std::int64_t i, std::int64_t count) { return load_part(x + i, count) * scale; });
    x = scratch;
  }
  const T inverse = 1 / exponentials<true>(x, taken, peak_of(x, taken), scratch);
  write(out, taken, [=](std::int64_t i, std::int64_t) { return load(scratch + i) * inverse; });
  for (std::int64_t i = taken; i < n; ++i) out[i] = 0;
}

template <class T>
void softmax_gradient(const T* grad, const T* y, T* out, std::int64_t n, T scale) {
  const T dot = static_cast<T>(sum_over<T>(n, [=](std::int64_t i, std::int64_t count) {
    return load_part(grad + i, count) * load_part(y + i, count);
  }));
  write(out, n, [=](std::int64_t i, std::int64_t count) {
    return scale * load_part(y + i, count) * (load_part(grad + i, count) - dot);
  });
}

template <class T>
void log_softmax(const T* x, T* out, std::int64_t n) {
  const Peak<T> peak = peak_of(x, n);
  const T log_total = log_of(sum_of_exponentials(x, n, peak));
  write(out, n, [=](std::int64_t i, std::int64_t count) {
    return (load_part(x + i, count) - peak.value) - log_total;
  });
}

template <class T>
void log_softmax_gradient(const T* grad, const T* y, T* out, std::int64_t n) {
  const T total = static_cast<T>(sum_over<T>(
      n, [=](std::int64_t i, std::int64_t count) { return load_part(grad + i, count); }));
  write(out, n, [=](std::int64_t i, std::int64_t count) {
    return load_part(grad + i, count) - exp<T>(load_part(y + i, count)) * total;
  });
}

template <class T>
T logsumexp(const T* x, std::int64_t n) {
  const Peak<T> peak = peak_of(x, n);
  return log_of(sum_of_exponentials(x, n, peak)) + peak.value;
}

template <class T>
T loss(const T* z, std::int64_t n, std::int64_t label, T s, T* total) {
  const Peak<T> peak = peak_of(z, n);
  const T log_total = log_of(sum_of_exponentials(z, n, peak));
  *total = log_total + peak.value;
  T result = log_total - (z[label] - peak.value) * (1 - s);
  if (s != 0) {  // 0 times a logit of -infinity is nan
    const double shifted = sum_over<T>(n, [=](std::int64_t i, std::int64_t count) {
      return load_or<T>(z + i, count, peak.value) - peak.value;
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
  const T inverse = 1 / exponentials<true>(z, n, Peak<T>(total), scratch);
  const T share = s / static_cast<T>(n);
  const T own = (scratch[label] * inverse - (1 - s) - share) * grad;
  write(out, n,
        [=](std::int64_t i, std::int64_t) { return (load(scratch + i) * inverse - share) * grad; });
  out[label] = own;
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
