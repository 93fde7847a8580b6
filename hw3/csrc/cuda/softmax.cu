// Softmax, its logarithm and the loss, a row for a group of threads.

#include <cstdint>
#include <limits>
#include <optional>

#include "common/math.h"
#include "cuda/row_views.h"
#include "cuda/rows.h"
#include "cuda/transfer.h"
#include "ops/floating.h"
#include "ops/softmax_kernels.h"

namespace needle {
namespace cuda {
namespace {

template <class T>
constexpr T kInfinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T kLargest = std::numeric_limits<T>::max();

/// The product, rounded: as one operation with the subtraction of the peak, the difference of large
/// numbers would not be 0 there.
__device__ float product(float a, float b) {
  return __fmul_rn(a, b);
}
__device__ double product(double a, double b) {
  return __dmul_rn(a, b);
}

template <class T>
__device__ T finite_or_0(T x) {
  return x - x == 0 ? x : 0;
}

template <class T>
struct PeakAndSum {
  T peak, sum;  // of exp(x - peak)
};

/// Of the first `count` of `values`. Kept ones are looked at twice, and exp(x - peak) takes their
/// place if they are `replaced`. Others are looked at once: the largest one so far is subtracted,
/// and the sum scaled where a larger one comes. There, infinity counts as the largest finite
/// number, which makes the sum infinite, too.
template <class T, bool replaced = false, class Walk, class Elements>
__device__ PeakAndSum<T> peak_and_sum(const Walk& walk, typename Walk::Index count,
                                      Elements& values) {
  using Index = typename Walk::Index;
  if constexpr (Walk::kKeeps) {
    T peak = -kInfinity<T>;
    walk.each(count, [&](Index i, int k) { peak = Larger()(values.at(i, k), peak); });
    peak = finite_or_0(walk.reduce(peak, Larger()));
    const T sum = walk.template sum<T>(count, [&](Index i, int k) {
      const T power = exp<T>(values.at(i, k) - peak);
      if constexpr (replaced) values.replace(k, power);
      return power;
    });
    return {peak, sum};
  } else {
    T peak = -kLargest<T>;
    double sum = 0;
    walk.each(count, [&](Index i, int k) {
      const T x = values.at(i, k);
      if (x > peak) {
        const T higher = x < kLargest<T> ? x : kLargest<T>;
        if (higher > peak) sum *= static_cast<double>(exp<T>(peak - higher));
        peak = higher;
      }
      sum += static_cast<double>(exp<T>(x - peak));
    });
    const T highest = walk.reduce(peak, Larger());
    sum = walk.reduce(sum * static_cast<double>(exp<T>(peak - highest)), Plus());
    const T total = static_cast<T>(sum);
    return {total <= kLargest<T> ? highest : 0, total};
  }
}

template <class T>
struct Softmax {
  Rows<T> x;
  T* out;
  T scale;
  std::int64_t n, queries;  // 0 queries: not causal

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    Index taken = walk.size;
    if (queries > 0) {
      const std::int64_t after = row % queries + n - queries + 1;
      if (after < walk.size) taken = static_cast<Index>(after);  // below 0: nothing, too
    }
    const T* from = x[row];
    T* to = out + row * n;
    const T factor = scale;
    auto values = elements<T>(walk, taken, [=](Index i) { return product(from[i], factor); });
    const auto [peak, sum] = peak_and_sum<T, true>(walk, taken, values);
    const T inverse = 1 / sum, shift = peak;
    walk.each([&](Index i, int k) {
      T y = 0;
      if (i < taken) y = Walk::kKeeps ? values.at(i, k) : exp<T>(values.at(i, k) - shift);
      to[i] = i < taken ? y * inverse : 0;
    });
  }
};

template <class T>
struct SoftmaxGradient {
  Rows<T> grad, y;
  T* out;
  T scale;
  std::int64_t n;

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    const T *grad_row = grad[row], *y_row = y[row];
    T* to = out + row * n;
    const auto grads = elements<T>(walk, [=](Index i) { return grad_row[i]; });
    const auto ys = elements<T>(walk, [=](Index i) { return y_row[i]; });
    const T dot = static_cast<T>(
        walk.template sum<T>([&](Index i, int k) { return grads.at(i, k) * ys.at(i, k); }));
    walk.each([&](Index i, int k) { to[i] = scale * ys.at(i, k) * (grads.at(i, k) - dot); });
  }
};

template <class T>
struct LogSoftmax {
  Rows<T> x;
  T* out;
  std::int64_t n;

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    const T* from = x[row];
    T* to = out + row * n;
    const auto values = elements<T>(walk, [=](Index i) { return from[i]; });
    const auto [peak, sum] = peak_and_sum<T>(walk, walk.size, values);
    const T log_sum = log<T>(sum), shift = peak;
    walk.each([&](Index i, int k) { to[i] = (values.at(i, k) - shift) - log_sum; });
  }
};

template <class T>
struct LogSoftmaxGradient {
  Rows<T> grad, y;
  T* out;
  std::int64_t n;

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    const T *grad_row = grad[row], *y_row = y[row];
    T* to = out + row * n;
    const auto grads = elements<T>(walk, [=](Index i) { return grad_row[i]; });
    const T total =
        static_cast<T>(walk.template sum<T>([&](Index i, int k) { return grads.at(i, k); }));
    walk.each([&](Index i, int k) { to[i] = grads.at(i, k) - exp<T>(y_row[i]) * total; });
  }
};

template <class T>
struct LogSumExp {
  Rows<T> x;
  T* out;

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    const T* from = x[row];
    const auto values = elements<T>(walk, [=](Index i) { return from[i]; });
    const auto [peak, sum] = peak_and_sum<T>(walk, walk.size, values);
    if (walk.leads()) out[row] = log<T>(sum) + peak;
  }
};

template <class T>
struct SoftmaxLoss {
  Rows<T> z;
  const std::int64_t* labels;
  T *losses, *totals;
  T smoothing;

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    const T* from = z[row];
    const auto values = elements<T>(walk, [=](Index i) { return from[i]; });
    const auto [peak, sum] = peak_and_sum<T>(walk, walk.size, values);
    const T log_sum = log<T>(sum), shift = peak;
    T loss = log_sum - (from[labels[row]] - shift) * (1 - smoothing);
    if (smoothing != 0) {  // 0 times a logit of -infinity is nan
      const auto shifted =
          walk.template sum<T>([&](Index i, int k) { return values.at(i, k) - shift; });
      loss -= static_cast<T>(shifted / walk.size) * smoothing;
    }
    if (!walk.leads()) return;
    losses[row] = loss;
    totals[row] = log_sum + shift;
  }
};

/// Beside a large peak, the total has no room for the logarithm of the sum. That makes all
/// exponentials wrong by one factor, which their sum takes out again.
template <class T>
struct SoftmaxLossGradient {
  Rows<T> z;
  const std::int64_t* labels;
  const T *totals, *grads;
  std::int64_t totals_stride, grads_stride;
  T* out;
  T smoothing;
  std::int64_t n;

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    const T* from = z[row];
    T* to = out + row * n;
    const std::int64_t label = labels[row];
    const T peak = finite_or_0(totals[row * totals_stride]), grad = grads[row * grads_stride];
    const auto values = elements<T>(walk, [=](Index i) { return exp<T>(from[i] - peak); });
    const auto sum = walk.template sum<T>([&](Index i, int k) { return values.at(i, k); });
    const T inverse = 1 / static_cast<T>(sum);
    const T share = smoothing / static_cast<T>(n);
    walk.each([&](Index i, int k) {
      T difference = values.at(i, k) * inverse;
      if (i == label) difference -= 1 - smoothing;
      to[i] = (difference - share) * grad;
    });
  }
};

/// The number of rows of a view, and of elements of each.
struct Sizes {
  std::int64_t rows, n;

  explicit Sizes(const View& view)
      : rows(count(leading_shape(view))), n(view.shape[view.ndim() - 1]) {}
};

/// Sets `first`, which is the largest number before, to the place of the first wrong label.
__global__ void __launch_bounds__(kThreads)
    wrong_label_kernel(const std::int64_t* labels, std::int64_t size, std::int64_t classes,
                       unsigned long long* first) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= size) return;
  const std::int64_t label = labels[i];
  if (label < 0 || label >= classes) atomicMin(first, static_cast<unsigned long long>(i));
}

}  // namespace
}  // namespace cuda

namespace device {

using cuda::launch_rows, cuda::Rows, cuda::Sizes, cuda::with_rows;

void softmax(const View& out, const View& given, double scale, bool causal) {
  const View x = with_rows(given);
  const Sizes sizes(x);
  const std::int64_t queries = causal ? x.shape[x.ndim() - 2] : 0;
  visit_floating(x.dtype, [&]<class T>(T) {
    launch_rows<T>(
        "softmax", sizes.rows, sizes.n,
        cuda::Softmax<T>{Rows<T>(x), out.data<T>(), static_cast<T>(scale), sizes.n, queries});
  });
}

void softmax_gradient(const View& out, const View& given_grad, const View& given_y, double scale) {
  const View grad = with_rows(given_grad), y = with_rows(given_y);
  const Sizes sizes(y);
  visit_floating(y.dtype, [&]<class T>(T) {
    launch_rows<T>("softmax_gradient", sizes.rows, sizes.n,
                   cuda::SoftmaxGradient<T>{Rows<T>(grad), Rows<T>(y), out.data<T>(),
                                            static_cast<T>(scale), sizes.n});
  });
}

void log_softmax(const View& out, const View& given) {
  const View x = with_rows(given);
  const Sizes sizes(x);
  visit_floating(x.dtype, [&]<class T>(T) {
    launch_rows<T>("log_softmax", sizes.rows, sizes.n,
                   cuda::LogSoftmax<T>{Rows<T>(x), out.data<T>(), sizes.n});
  });
}

void log_softmax_gradient(const View& out, const View& given_grad, const View& given_y) {
  const View grad = with_rows(given_grad), y = with_rows(given_y);
  const Sizes sizes(y);
  visit_floating(y.dtype, [&]<class T>(T) {
    launch_rows<T>("log_softmax_gradient", sizes.rows, sizes.n,
                   cuda::LogSoftmaxGradient<T>{Rows<T>(grad), Rows<T>(y), out.data<T>(), sizes.n});
  });
}

void logsumexp(const View& out, const View& given) {
  const View x = with_rows(given);
  const Sizes sizes(x);
  visit_floating(x.dtype, [&]<class T>(T) {
    launch_rows<T>("logsumexp", sizes.rows, sizes.n, cuda::LogSumExp<T>{Rows<T>(x), out.data<T>()});
  });
}

std::optional<std::int64_t> wrong_label(const View& labels, std::int64_t classes) {
  constexpr std::uint64_t kNone = ~std::uint64_t{0};
  const View first = View::empty(DType::int64, Dims());
  NEEDLE_CUDA_CHECK(cudaMemsetAsync(first.bytes(), 0xff, sizeof(kNone), cuda::stream()));
  cuda::launch_for("wrong_label", cuda::wrong_label_kernel, labels.size(),
                   labels.data<std::int64_t>(), labels.size(), classes,
                   reinterpret_cast<unsigned long long*>(first.bytes()));
  const std::uint64_t place = cuda::fetch(reinterpret_cast<const std::uint64_t*>(first.bytes()));
  if (place == kNone) return std::nullopt;
  return cuda::fetch(labels.data<std::int64_t>() + place);
}

void softmax_loss(const View& losses, const View& totals, const View& given, const View& labels,
                  double smoothing) {
  const View z = with_rows(given);
  const Sizes sizes(z);
  visit_floating(z.dtype, [&]<class T>(T) {
    launch_rows<T>("softmax_loss", sizes.rows, sizes.n,
                   cuda::SoftmaxLoss<T>{Rows<T>(z), labels.data<std::int64_t>(), losses.data<T>(),
                                        totals.data<T>(), static_cast<T>(smoothing)});
  });
}

void softmax_loss_gradient(const View& out, const View& given, const View& labels,
                           const View& totals, const View& grad, double smoothing) {
  const View z = with_rows(given);
  const Sizes sizes(z);
  visit_floating(z.dtype, [&]<class T>(T) {
    launch_rows<T>(
        "softmax_loss_gradient", sizes.rows, sizes.n,
        cuda::SoftmaxLossGradient<T>{Rows<T>(z), labels.data<std::int64_t>(), totals.data<T>(),
                                     grad.data<T>(), totals.strides[0], grad.strides[0],
                                     out.data<T>(), static_cast<T>(smoothing), sizes.n});
  });
}

}  // namespace device
}  // namespace needle
