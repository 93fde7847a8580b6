#include "ops/recurrent.h"

#include "ops/floating.h"
#include "ops/recurrent_kernels.h"

namespace needle {
namespace {

Dims four_gates(const View& c) {
  Dims shape = c.shape;
  shape[1] *= 4;
  return shape;
}

}  // namespace

std::tuple<View, View, View> lstm_cell(const View& gates, const View& c) {
  check_floating("lstm_cell", c, gates);
  check_axes("lstm_cell", c, 2, false);
  check_shape("lstm_cell", "gates", gates, four_gates(c));
  View h = View::empty(c.dtype, c.shape), c_new = View::empty(c.dtype, c.shape);
  View activations = View::empty(c.dtype, gates.shape);
  if (c.size() > 0) device::lstm_cell(h, c_new, activations, gates, c);
  return {std::move(h), std::move(c_new), std::move(activations)};
}

std::pair<View, View> lstm_cell_gradient(const View& grad_h, const View& grad_c,
                                         const View& activations, const View& c,
                                         const View& c_new) {
  const char* name = "lstm_cell_gradient";
  check_floating(name, c, grad_h, grad_c, activations, c_new);
  check_axes(name, c, 2, false);
  check_shape(name, "a gradient of h", grad_h, c.shape);
  check_shape(name, "a gradient of c_new", grad_c, c.shape);
  check_shape(name, "a new state", c_new, c.shape);
  check_shape(name, "activations", activations, four_gates(c));
  View grad_gates = View::empty(c.dtype, activations.shape);
  View grad_before = View::empty(c.dtype, c.shape);
  if (c.size() > 0) {
    device::lstm_cell_gradient(grad_gates, grad_before, grad_h, grad_c, activations, c, c_new);
  }
  return {std::move(grad_gates), std::move(grad_before)};
}

}  // namespace needle
