#pragma once
// What a device does for softmax.cpp, which has checked the operands.
//
// Rows are those along the last axis; operands have at least one element. `out` is row-major, and
// so are labels, losses and totals, of shape (m,); the others have any strides.
//
// `peak` is the largest element of a row, or 0 where that is not finite, as infinity - infinity is
// nan.

#include <cstdint>
#include <optional>

#include "common/view.h"

namespace needle::device {

/// out = softmax(scale * x); with `causal`, as if what comes after the place of a row were not
/// there, and 0 in its place.
void softmax(const View& out, const View& x, double scale, bool causal);

/// out = scale * y * (grad - sum(grad * y))
void softmax_gradient(const View& out, const View& grad, const View& y, double scale);

/// out = (x - peak) - log(sum(exp(x - peak)))
void log_softmax(const View& out, const View& x);

/// out = grad - exp(y) * sum(grad)
void log_softmax_gradient(const View& out, const View& grad, const View& y);

/// out = log(sum(exp(x - peak))) + peak, one for each row.
void logsumexp(const View& out, const View& x);

/// The first label that is not in [0, classes), if there is one.
std::optional<std::int64_t> wrong_label(const View& labels, std::int64_t classes);

/// The cross-entropy of the labels, and totals = logsumexp(z).
void softmax_loss(const View& losses, const View& totals, const View& z, const View& labels,
                  double smoothing);

/// out = (softmax(z) - t) * grad; totals and grad may have gaps.
void softmax_loss_gradient(const View& out, const View& z, const View& labels, const View& totals,
                           const View& grad, double smoothing);

}  // namespace needle::device
