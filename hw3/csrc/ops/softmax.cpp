#include "ops/softmax.h"

#include <limits>
#include <optional>
#include <string>

#include "ops/floating.h"
#include "ops/movement.h"
#include "ops/softmax_kernels.h"

namespace needle {
namespace {

void check_rows(const char* name, const View& x) {
  check_floating(name, x);
  check_axes(name, x, 1, true);
}

void check_gradient(const char* name, const View& grad, const View& y) {
  check_floating(name, grad, y);
  check_axes(name, y, 1, true);
  check_shape(name, "a gradient", grad, y.shape);
}

/// The labels, checked. They are a copy: another thread may write to the given ones.
View checked_labels(const char* name, const View& z, const View& given) {
  check_floating(name, z);
  check_axes(name, z, 2, false);
  if (given.dtype != DType::int64) {
    throw TypeError(std::string(name) + " takes labels of dtype int64, not " +
                    name_of(given.dtype));
  }
  check_shape(name, "labels", given, Dims(1, z.shape[0]));
  View labels = copy(given);
  if (labels.size() == 0) return labels;
  if (const std::optional<std::int64_t> label = device::wrong_label(labels, z.shape[1])) {
    const std::string classes = std::to_string(z.shape[1]);
    throw std::out_of_range("label " + std::to_string(*label) + " is not in [0, " + classes +
                            "), the " + classes + " classes of the logits");
  }
  return labels;
}

}  // namespace

View softmax(const View& x, double scale, bool causal) {
  check_rows("softmax", x);
  if (causal) check_axes("causal softmax", x, 2, true);
  View out = View::empty(x.dtype, x.shape);
  if (out.size() > 0) device::softmax(out, x, scale, causal);
  return out;
}

View softmax_gradient(const View& grad, const View& y, double scale) {
  check_gradient("softmax_gradient", grad, y);
  View out = View::empty(y.dtype, y.shape);
  if (out.size() > 0) device::softmax_gradient(out, grad, y, scale);
  return out;
}

View log_softmax(const View& x) {
  check_rows("log_softmax", x);
  View out = View::empty(x.dtype, x.shape);
  if (out.size() > 0) device::log_softmax(out, x);
  return out;
}

View log_softmax_gradient(const View& grad, const View& y) {
  check_gradient("log_softmax_gradient", grad, y);
  View out = View::empty(y.dtype, y.shape);
  if (out.size() > 0) device::log_softmax_gradient(out, grad, y);
  return out;
}

View logsumexp(const View& x) {
  check_rows("logsumexp", x);
  if (x.size() == 0) {
    return filled(x.dtype, leading_shape(x), -std::numeric_limits<double>::infinity());
  }
  View out = View::empty(x.dtype, leading_shape(x));
  device::logsumexp(out, x);
  return out;
}

std::pair<View, View> softmax_loss(const View& z, const View& given, double smoothing) {
  const View labels = checked_labels("softmax_loss", z, given);
  View losses = View::empty(z.dtype, labels.shape), totals = View::empty(z.dtype, labels.shape);
  if (z.size() > 0) device::softmax_loss(losses, totals, z, labels, smoothing);
  return {std::move(losses), std::move(totals)};
}

View softmax_loss_gradient(const View& z, const View& given, const View& totals, const View& grad,
                           double smoothing) {
  const char* name = "softmax_loss_gradient";
  const View labels = checked_labels(name, z, given);
  check_floating(name, z, totals, grad);
  check_shape(name, "totals", totals, labels.shape);
  check_shape(name, "a gradient", grad, labels.shape);
  View out = View::empty(z.dtype, z.shape);
  if (out.size() > 0) device::softmax_loss_gradient(out, z, labels, totals, grad, smoothing);
  return out;
}

}  // namespace needle
