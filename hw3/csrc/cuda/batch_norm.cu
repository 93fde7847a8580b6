// Batch normalisation: each column of a matrix for itself.

#include "common/math.h"
#include "cuda/columns.h"
#include "cuda/row_views.h"
#include "cuda/rows.h"
#include "ops/floating.h"
#include "ops/normalization_kernels.h"

namespace needle {
namespace cuda {
namespace {

/// What is known of some numbers. Two sets together: Chan et al., 1979, without quotients.
struct Moments {
  double count, sum, squares;  // of deviations from the mean
};

__device__ Moments operator+(const Moments& a, const Moments& b) {
  if (a.count == 0) return b;
  if (b.count == 0) return a;
  const double count = a.count + b.count, distance = a.count * b.sum - b.count * a.sum;
  return {count, a.sum + b.sum,
          a.squares + b.squares + distance * distance / (a.count * b.count * count)};
}

/// Squares are summed up for a few elements at a time, around the first of them: its own distance
/// from their mean is one of those that are summed, so there is little to cancel, however large the
/// mean is.
template <class T>
struct MomentsOfColumns {
  using State = Moments;
  static constexpr int kBatch = 8;

  Rows<T> x;

  __device__ void add(Moments& moments, const TileRows& tile, std::int64_t row) const {
    T values[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const std::int64_t at = row + k * tile.step;
      values[k] = x[at < tile.last ? at : row][tile.column];
    }
    int count = 0;
    double sum = 0;
    T shifted = 0, squares = 0;
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (row + k * tile.step >= tile.last) continue;
      const T distance = values[k] - values[0];
      ++count;
      sum += static_cast<double>(values[k]);
      shifted += distance;
      squares += distance * distance;
    }
    squares -= shifted * shifted / static_cast<T>(count);
    moments = moments + Moments{static_cast<double>(count), sum,
                                squares < 0 ? 0. : static_cast<double>(squares)};
  }
};

template <class T>
struct FinishMoments {
  const T* weight;
  T *mean, *variance, *factor;
  T eps;

  __device__ void operator()(std::int64_t, std::int64_t column, const Moments& moments) const {
    mean[column] = static_cast<T>(moments.sum / moments.count);
    variance[column] = static_cast<T>(moments.squares / moments.count);
    factor[column] = weight[column] / square_root<T>(variance[column] + eps);
  }
};

/// y = (x - mean) * factor + bias
template <class T>
struct Normalize {
  Rows<T> x;
  T* y;
  std::int64_t columns;
  const T *mean, *factor, *bias;

  struct Constants {
    T mean, factor, bias;
  };
  using Loaded = T;
  __device__ Constants constants(std::int64_t column) const {
    return {mean[column], factor[column], bias[column]};
  }
  __device__ T load(std::int64_t row, std::int64_t column) const { return x[row][column]; }
  __device__ void store(std::int64_t row, std::int64_t column, T loaded,
                        const Constants& of) const {
    y[row * columns + column] = (loaded - of.mean) * of.factor + of.bias;
  }
};

/// The sums of grad and of grad * (x - mean).
template <class T>
struct GradientSums {
  using State = SumPair<double>;
  static constexpr int kBatch = 8;

  Rows<T> grad, x;
  const T* mean;

  __device__ void add(SumPair<double>& sums, const TileRows& tile, std::int64_t row) const {
    T grads[kBatch], values[kBatch];
    const T centre = mean[tile.column];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const std::int64_t at = row + k * tile.step;
      grads[k] = at < tile.last ? grad[at][tile.column] : 0;
      values[k] = at < tile.last ? x[at][tile.column] : centre;
    }
    T sum = 0, products = 0;
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (row + k * tile.step >= tile.last) continue;
      sum += grads[k];
      products += grads[k] * (values[k] - centre);
    }
    sums = sums + SumPair<double>{static_cast<double>(sum), static_cast<double>(products)};
  }
};

template <class T>
struct FinishGradientSums {
  const T *weight, *variance;
  T *shift, *tilt, *factor, *dweight, *dbias;
  double rows, eps;

  __device__ void operator()(std::int64_t, std::int64_t column, const SumPair<double>& sums) const {
    const double rate = 1 / square_root<double>(static_cast<double>(variance[column]) + eps);
    shift[column] = static_cast<T>(sums.first / rows);
    tilt[column] = static_cast<T>(rate * rate * sums.second / rows);
    factor[column] = static_cast<T>(rate) * weight[column];
    dbias[column] = static_cast<T>(sums.first);
    dweight[column] = static_cast<T>(sums.second * rate);
  }
};

/// dx = (grad - shift - (x - mean) * tilt) * factor
template <class T>
struct NormalizeGradient {
  Rows<T> grad, x;
  T* dx;
  std::int64_t columns;
  const T *mean, *shift, *tilt, *factor;

  struct Constants {
    T mean, shift, tilt, factor;
  };
  struct Loaded {
    T grad, x;
  };
  __device__ Constants constants(std::int64_t column) const {
    return {mean[column], shift[column], tilt[column], factor[column]};
  }
  __device__ Loaded load(std::int64_t row, std::int64_t column) const {
    return {grad[row][column], x[row][column]};
  }
  __device__ void store(std::int64_t row, std::int64_t column, const Loaded& loaded,
                        const Constants& of) const {
    dx[row * columns + column] =
        ((loaded.grad - of.shift) - (loaded.x - of.mean) * of.tilt) * of.factor;
  }
};

}  // namespace
}  // namespace cuda

namespace device {

using cuda::Rows, cuda::with_rows;

void batch_norm(const View& y, const View& mean, const View& variance, const View& given,
                const View& weight, const View& bias, double eps) {
  const View x = with_rows(given), factor = View::empty(x.dtype, weight.shape);
  const std::int64_t rows = x.shape[0], columns = x.shape[1];
  visit_floating(x.dtype, [&]<class T>(T) {
    cuda::reduce_columns(
        "batch_norm", rows, columns, cuda::MomentsOfColumns<T>{Rows<T>(x)},
        cuda::FinishMoments<T>{weight.data<T>(), mean.data<T>(), variance.data<T>(),
                               factor.data<T>(), static_cast<T>(eps)});
    cuda::launch_matrix("batch_norm", rows, columns,
                        cuda::Normalize<T>{Rows<T>(x), y.data<T>(), columns, mean.data<T>(),
                                           factor.data<T>(), bias.data<T>()});
  });
}

void batch_norm_gradient(const View& dx, const View& dweight, const View& dbias,
                         const View& given_grad, const View& given_x, const View& weight,
                         const View& mean, const View& variance, double eps) {
  const View grad = with_rows(given_grad), x = with_rows(given_x);
  const View shift = View::empty(x.dtype, weight.shape), tilt = View::empty(x.dtype, weight.shape);
  const View factor = View::empty(x.dtype, weight.shape);
  const std::int64_t rows = x.shape[0], columns = x.shape[1];
  const char* name = "batch_norm_gradient";
  visit_floating(x.dtype, [&]<class T>(T) {
    cuda::reduce_columns(
        name, rows, columns, cuda::GradientSums<T>{Rows<T>(grad), Rows<T>(x), mean.data<T>()},
        cuda::FinishGradientSums<T>{weight.data<T>(), variance.data<T>(), shift.data<T>(),
                                    tilt.data<T>(), factor.data<T>(), dweight.data<T>(),
                                    dbias.data<T>(), static_cast<double>(rows), eps});
    cuda::launch_matrix(
        name, rows, columns,
        cuda::NormalizeGradient<T>{Rows<T>(grad), Rows<T>(x), dx.data<T>(), columns, mean.data<T>(),
                                   shift.data<T>(), tilt.data<T>(), factor.data<T>()});
  });
}

}  // namespace device
}  // namespace needle
