#pragma once
// What a device does for normalization.cpp, which has checked the operands.
//
// x and its gradients have at least one element and any strides; all others are row-major, and
// results are written as a whole. The error of a variance must not grow with the mean.

#include "common/view.h"

namespace needle::device {

/// The mean and variance of each column of x, of shape (m, d), and
/// y = (x - mean) / sqrt(variance + eps) * weight + bias.
void batch_norm(const View& y, const View& mean, const View& variance, const View& x,
                const View& weight, const View& bias, double eps);

/// With the rate r = 1 / sqrt(variance + eps), s = sum(grad) and q = sum(grad * (x - mean)) of a
/// column: dbias = s, dweight = q r, dx = (grad - s / m - (x - mean) r^2 q / m) r weight.
void batch_norm_gradient(const View& dx, const View& dweight, const View& dbias, const View& grad,
                         const View& x, const View& weight, const View& mean, const View& variance,
                         double eps);

/// The same for each row of x, along its last axis.
void layer_norm(const View& y, const View& mean, const View& variance, const View& x,
                const View& weight, const View& bias, double eps);

/// With normal = (x - mean) r and g = grad * weight, of rows of n elements:
/// dx = (g - sum(g) / n - normal sum(g * normal) / n) r; of all rows, dweight = sum(grad * normal)
/// and dbias = sum(grad).
void layer_norm_gradient(const View& dx, const View& dweight, const View& dbias, const View& grad,
                         const View& x, const View& weight, const View& mean, const View& variance,
                         double eps);

}  // namespace needle::device
