#include "ops/recurrent.h"

#include "cpu/isa.h"
#include "cpu/recurrent_table.h"
#include "cpu/rows.h"
#include "ops/floating.h"

namespace needle {
namespace {

constexpr std::int64_t kWorth = 16;  // an element takes as long as so many that are only moved

const RecurrentKernels<float>& kernels(float) {
  return NEEDLE_CHOOSE(recurrent_table).float32;
}
const RecurrentKernels<double>& kernels(double) {
  return NEEDLE_CHOOSE(recurrent_table).float64;
}

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
  View out = View::empty(c.dtype, c.shape), c_new = View::empty(c.dtype, c.shape);
  View activations = View::empty(c.dtype, gates.shape);
  const std::int64_t n = c.shape[1];
  visit_floating(c.dtype, [&]<class T>(T zero) {
    if (c.size() == 0) return;
    for_rows(c.shape[0], n * kWorth, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> each_gates(gates), states(c);
      for (std::int64_t row = begin; row < end; ++row) {
        kernels(zero).cell(each_gates[row], states[row], n, out.data<T>() + row * n,
                           c_new.data<T>() + row * n, activations.data<T>() + row * 4 * n);
      }
    });
  });
  return {std::move(out), std::move(c_new), std::move(activations)};
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
  const std::int64_t n = c.shape[1];
  visit_floating(c.dtype, [&]<class T>(T zero) {
    if (c.size() == 0) return;
    for_rows(c.shape[0], n * kWorth, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> grads(grad_h), grads_c(grad_c), after(activations), states(c), news(c_new);
      for (std::int64_t row = begin; row < end; ++row) {
        kernels(zero).cell_gradient(grads[row], grads_c[row], after[row], states[row], news[row], n,
                                    grad_gates.data<T>() + row * 4 * n,
                                    grad_before.data<T>() + row * n);
      }
    });
  });
  return {std::move(grad_gates), std::move(grad_before)};
}

}  // namespace needle
