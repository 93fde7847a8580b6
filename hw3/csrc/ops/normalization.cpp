#include "ops/normalization.h"

#include <limits>

#include "ops/floating.h"
#include "ops/movement.h"
#include "ops/normalization_kernels.h"

namespace needle {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The shape of what there is one of for each feature.
Dims features(const View& x) {
  return Dims(1, x.shape[x.ndim() - 1]);
}

/// The view itself, or a copy of it without gaps. For small ones.
View without_gaps(const View& view) {
  return view.compact() ? view : copy(view);
}

void check_features(const char* name, const View& x, const View& weight, const View& bias) {
  check_shape(name, "a weight", weight, features(x));
  check_shape(name, "a bias", bias, features(x));
}

/// Either kind of normalisation, once it is checked; there are means and variances of `statistics`.
template <class Kernel>
ThreeViews forward(const View& x, const View& weight, const View& bias, double eps,
                   const Dims& statistics, const Kernel& kernel) {
  View y = View::empty(x.dtype, x.shape);
  if (x.size() == 0) {
    return {std::move(y), filled(x.dtype, statistics, kNan), filled(x.dtype, statistics, kNan)};
  }
  View mean = View::empty(x.dtype, statistics), variance = View::empty(x.dtype, statistics);
  kernel(y, mean, variance, x, without_gaps(weight), without_gaps(bias), eps);
  return {std::move(y), std::move(mean), std::move(variance)};
}

template <class Kernel>
ThreeViews gradient(const char* name, const View& grad, const View& x, const View& weight,
                    const View& mean, const View& variance, double eps, const Dims& statistics,
                    const Kernel& kernel) {
  check_shape(name, "a gradient", grad, x.shape);
  check_shape(name, "a weight", weight, features(x));
  check_shape(name, "a mean", mean, statistics);
  check_shape(name, "a variance", variance, statistics);
  View dx = View::empty(x.dtype, x.shape);
  if (x.size() == 0) {
    return {std::move(dx), filled(x.dtype, features(x), 0), filled(x.dtype, features(x), 0)};
  }
  View dweight = View::empty(x.dtype, features(x)), dbias = View::empty(x.dtype, features(x));
  kernel(dx, dweight, dbias, grad, x, without_gaps(weight), without_gaps(mean),
         without_gaps(variance), eps);
  return {std::move(dx), std::move(dweight), std::move(dbias)};
}

}  // namespace

ThreeViews batch_norm(const View& x, const View& weight, const View& bias, double eps) {
  check_floating("batch_norm", x, weight, bias);
  check_axes("batch_norm", x, 2, false);
  check_features("batch_norm", x, weight, bias);
  return forward(x, weight, bias, eps, features(x), device::batch_norm);
}

ThreeViews batch_norm_gradient(const View& grad, const View& x, const View& weight,
                               const View& mean, const View& variance, double eps) {
  const char* name = "batch_norm_gradient";
  check_floating(name, x, grad, weight, mean, variance);
  check_axes(name, x, 2, false);
  return gradient(name, grad, x, weight, mean, variance, eps, features(x),
                  device::batch_norm_gradient);
}

ThreeViews layer_norm(const View& x, const View& weight, const View& bias, double eps) {
  check_floating("layer_norm", x, weight, bias);
  check_axes("layer_norm", x, 1, true);
  check_features("layer_norm", x, weight, bias);
  return forward(x, weight, bias, eps, leading_shape(x), device::layer_norm);
}

ThreeViews layer_norm_gradient(const View& grad, const View& x, const View& weight,
                               const View& mean, const View& variance, double eps) {
  const char* name = "layer_norm_gradient";
  check_floating(name, x, grad, weight, mean, variance);
  check_axes(name, x, 1, true);
  return gradient(name, grad, x, weight, mean, variance, eps, leading_shape(x),
                  device::layer_norm_gradient);
}

}  // namespace needle
