#pragma once
// Batch and layer normalisation, and their gradients.
//
// Operands are of one floating-point dtype (TypeError otherwise) and have any strides; results are
// new and row-major. std::invalid_argument for shapes that do not fit. Variances are over n, not
// n - 1; mean and variance of no elements are nan.

#include <tuple>

#include "common/view.h"

namespace needle {

using ThreeViews = std::tuple<View, View, View>;

/// y = (x - mean) / sqrt(variance + eps) * weight + bias with the mean and variance, of shape (d,),
/// of each column of x, of shape (m, d); weight and bias have the shape (d,). Returns y, mean and
/// variance.
ThreeViews batch_norm(const View& x, const View& weight, const View& bias, double eps);

/// The gradients of x, weight and bias, from that of y.
ThreeViews batch_norm_gradient(const View& grad, const View& x, const View& weight,
                               const View& mean, const View& variance, double eps);

/// The same along the last axis of x, of shape (..., d); mean and variance have the shape (...).
ThreeViews layer_norm(const View& x, const View& weight, const View& bias, double eps);
ThreeViews layer_norm_gradient(const View& grad, const View& x, const View& weight,
                               const View& mean, const View& variance, double eps);

}  // namespace needle
