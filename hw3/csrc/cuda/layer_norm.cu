// Layer normalisation, a row for a group of threads.

#include <algorithm>

#include "common/math.h"
#include "cuda/columns.h"
#include "cuda/row_views.h"
#include "cuda/rows.h"
#include "ops/floating.h"
#include "ops/normalization_kernels.h"

namespace needle {
namespace cuda {
namespace {

template <class T>
struct LayerNorm {
  Rows<T> x;
  const T *weight, *bias;
  T *y, *mean, *variance;
  T eps;
  std::int64_t n;

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    using Index = typename Walk::Index;
    using Sum = typename Walk::template Sum<T>;
    const T* from = x[row];
    T* to = y + row * n;
    const auto values = elements<T>(walk, [=](Index i) { return from[i]; });
    const Sum sum = walk.template sum<T>([&](Index i, int k) { return values.at(i, k); });
    const T centre = static_cast<T>(sum / static_cast<Sum>(walk.size));
    const Sum squares = walk.template sum<T>([&](Index i, int k) {
      const T deviation = values.at(i, k) - centre;
      return deviation * deviation;
    });
    const T spread = static_cast<T>(squares / static_cast<Sum>(walk.size));
    const T rate = 1 / square_root<T>(spread + eps);
    walk.each(
        [&](Index i, int k) { to[i] = (values.at(i, k) - centre) * rate * weight[i] + bias[i]; });
    if (!walk.leads()) return;
    mean[row] = centre;
    variance[row] = spread;
  }
};

template <class T>
struct LayerNormGradient {
  Rows<T> grad, x;
  const T *weight, *mean, *variance;
  T* dx;
  T eps;
  std::int64_t n;

  __device__ T rate(std::int64_t row) const { return 1 / square_root<T>(variance[row] + eps); }

  template <class Walk>
  __device__ void operator()(const Walk& walk, std::int64_t row) const {
    (*this)(walk, row, [](int, T, T) {});
  }

  /// The same, and calls `use(k, grad, normal)` for each element.
  template <class Walk, class Use>
  __device__ void operator()(const Walk& walk, std::int64_t row, const Use& use) const {
    using Index = typename Walk::Index;
    using Sum = typename Walk::template Sum<T>;
    const T *grad_row = grad[row], *x_row = x[row];
    T* to = dx + row * n;
    const T centre = mean[row], factor = rate(row);
    const auto grads = elements<T>(walk, [=](Index i) { return grad_row[i]; });
    const auto normals = elements<T>(walk, [=](Index i) { return (x_row[i] - centre) * factor; });
    SumPair<Sum> sums = {};
    walk.each([&](Index i, int k) {
      const T each = grads.at(i, k), normal = normals.at(i, k), g = each * weight[i];
      sums = sums + SumPair<Sum>{static_cast<Sum>(g), static_cast<Sum>(g * normal)};
      use(k, each, normal);
    });
    sums = walk.reduce(sums, Plus());
    const Sum size = static_cast<Sum>(walk.size);
    const T shift = static_cast<T>(sums.first / size), tilt = static_cast<T>(sums.second / size);
    walk.each([&](Index i, int k) {
      to[i] = (grads.at(i, k) * weight[i] - shift - normals.at(i, k) * tilt) * factor;
    });
  }
};

/// The gradient of x, for `each` rows of every group, and the parts of those of weight and bias
/// that the rows of a block make: a lane has the same columns in all rows.
template <class Walk, class T>
__global__ void __launch_bounds__(Walk::kBlock)
    layer_norm_gradient_kernel(LayerNormGradient<T> gradient, std::int64_t rows, std::int64_t size,
                               int each, T* weight_parts, T* bias_parts) {
  constexpr int kLanes = Walk::kLanes, kGroups = Walk::kGroups;
  T dweight[Walk::kKept] = {}, dbias[Walk::kKept] = {};
  for (int number = 0; number < each; ++number) {
    const std::int64_t row = Walk::group() * each + number;
    const bool there = row < rows;
    gradient(Walk(there ? size : 0), there ? row : 0, [&](int k, T grad, T normal) {
      dweight[k] += grad * normal;
      dbias[k] += grad;
    });
  }
  __shared__ T weights[Walk::kBlock], biases[Walk::kBlock];
  const int lane = Walk::lane(), me = threadIdx.x;
#pragma unroll
  for (int k = 0; k < Walk::kKept; ++k) {
    if (k * kLanes >= size) break;
    __syncthreads();
    weights[me] = dweight[k];
    biases[me] = dbias[k];
    __syncthreads();
    if (me >= kLanes || lane + k * kLanes >= size) continue;
    T weight = weights[lane], bias = biases[lane];
    for (int group = 1; group < kGroups; ++group) {
      weight += weights[group * kLanes + lane];
      bias += biases[group * kLanes + lane];
    }
    const std::int64_t at = blockIdx.x * size + lane + k * kLanes;
    weight_parts[at] = weight;
    bias_parts[at] = bias;
  }
}

/// The parts that the blocks made.
template <class T>
struct Parts {
  using State = SumPair<double>;
  static constexpr int kBatch = 4;

  const T *weight, *bias;
  std::int64_t columns;

  __device__ void add(State& sums, const TileRows& tile, std::int64_t row) const {
    T weights[kBatch], biases[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const std::int64_t at = row + k * tile.step;
      weights[k] = at < tile.last ? weight[at * columns + tile.column] : 0;
      biases[k] = at < tile.last ? bias[at * columns + tile.column] : 0;
    }
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      sums = sums + State{static_cast<double>(weights[k]), static_cast<double>(biases[k])};
    }
  }
};

/// The same sums, from the elements.
template <class T>
struct ElementsOfColumns {
  using State = SumPair<double>;
  static constexpr int kBatch = 4;

  LayerNormGradient<T> of;

  __device__ void add(State& sums, const TileRows& tile, std::int64_t row) const {
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const std::int64_t at = row + k * tile.step;
      if (at >= tile.last) continue;
      const T grad = of.grad[at][tile.column];
      const T normal = (of.x[at][tile.column] - of.mean[at]) * of.rate(at);
      sums = sums + State{static_cast<double>(grad * normal), static_cast<double>(grad)};
    }
  }
};

template <class T>
struct ToGradients {
  T *dweight, *dbias;

  __device__ void operator()(std::int64_t, std::int64_t column, const SumPair<double>& sums) const {
    dweight[column] = static_cast<T>(sums.first);
    dbias[column] = static_cast<T>(sums.second);
  }
};

/// Enough blocks for a GPU, few enough that their parts are little beside the rows; and a part has
/// not more rows than can be added up in their dtype.
template <class Walk>
std::int64_t rows_of_each_group(std::int64_t rows) {
  constexpr std::int64_t kBlocks = 256, kMostRows = 64;
  return std::clamp<std::int64_t>(ceil_div(rows, kBlocks * Walk::kGroups), 1, kMostRows);
}

template <class T>
void start(const LayerNormGradient<T>& gradient, std::int64_t rows, const ToGradients<T>& to) {
  const char* name = "layer_norm_gradient";
  const std::int64_t n = gradient.n;
  if (n > kMostShort<T>) {
    visit_long_walk<T>(n, [&]<class Walk>() { launch_walk<Walk>(name, rows, n, gradient); });
    reduce_columns(name, rows, n, ElementsOfColumns<T>{gradient}, to);
    return;
  }
  visit_short_walk<T>(n, [&]<class Walk>() {
    const std::int64_t each = rows_of_each_group<Walk>(rows);
    const std::int64_t blocks = ceil_div(rows, Walk::kGroups * each);
    const View weights = View::empty(dtype_of<T>, Dims(1, blocks * n));
    const View biases = View::empty(dtype_of<T>, Dims(1, blocks * n));
    launch(name, layer_norm_gradient_kernel<Walk, T>, {blocks}, {Walk::kBlock}, gradient, rows, n,
           static_cast<int>(each), weights.data<T>(), biases.data<T>());
    finish_columns(name, blocks, n, Parts<T>{weights.data<T>(), biases.data<T>(), n}, to);
  });
}

}  // namespace
}  // namespace cuda

namespace device {

using cuda::Rows, cuda::with_rows;

void layer_norm(const View& y, const View& mean, const View& variance, const View& given,
                const View& weight, const View& bias, double eps) {
  const View x = with_rows(given);
  const std::int64_t n = x.shape[x.ndim() - 1];
  visit_floating(x.dtype, [&]<class T>(T) {
    cuda::launch_rows<T>(
        "layer_norm", mean.size(), n,
        cuda::LayerNorm<T>{Rows<T>(x), weight.data<T>(), bias.data<T>(), y.data<T>(),
                           mean.data<T>(), variance.data<T>(), static_cast<T>(eps), n});
  });
}

void layer_norm_gradient(const View& dx, const View& dweight, const View& dbias,
                         const View& given_grad, const View& given_x, const View& weight,
                         const View& mean, const View& variance, double eps) {
  const View grad = with_rows(given_grad), x = with_rows(given_x);
  const std::int64_t n = x.shape[x.ndim() - 1];
  visit_floating(x.dtype, [&]<class T>(T) {
    cuda::start<T>(
        cuda::LayerNormGradient<T>{Rows<T>(grad), Rows<T>(x), weight.data<T>(), mean.data<T>(),
                                   variance.data<T>(), dx.data<T>(), static_cast<T>(eps), n},
        mean.size(), cuda::ToGradients<T>{dweight.data<T>(), dbias.data<T>()});
  });
}

}  // namespace device
}  // namespace needle
