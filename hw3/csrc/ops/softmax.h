#pragma once
// The softmax along the last axis, its logarithm, and the cross-entropy of integer labels.
//
// Operands are of one floating-point dtype (TypeError otherwise) and have any strides; results are
// new and row-major. std::invalid_argument for shapes that do not fit.

#include <utility>

#include "common/view.h"

namespace needle {

/// softmax(scale * x). With `causal`, of the last two axes (I, J), element (i, j) is left out and 0
/// if j > i + (J - I); a row of which nothing is left is 0.
View softmax(const View& x, double scale, bool causal);

/// scale * y * (grad - sum(grad * y)), where y is the softmax.
View softmax_gradient(const View& grad, const View& y, double scale);

/// x - logsumexp(x)
View log_softmax(const View& x);

/// grad - exp(y) * sum(grad), where y is the log-softmax.
View log_softmax_gradient(const View& grad, const View& y);

/// log(sum(exp(x))) without the last axis; -inf of no elements.
View logsumexp(const View& x);

/// For logits z of shape (m, k) and labels (int64, of shape (m,)): the losses, and logsumexp(z).
/// Throws std::out_of_range for a label that is not in [0, k).
std::pair<View, View> softmax_loss(const View& z, const View& labels, double smoothing);

/// (softmax(z) - t) * grad[i], where t[i, j] = (1 - s) [j = label i] + s / k; totals and grad have
/// the shape (m,).
View softmax_loss_gradient(const View& z, const View& labels, const View& totals, const View& grad,
                           double smoothing);

}  // namespace needle
