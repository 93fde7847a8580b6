#include "cpu/isa.h"
#include "cpu/recurrent_table.h"
#include "cpu/rows.h"
#include "ops/floating.h"
#include "ops/recurrent_kernels.h"

namespace needle {
namespace {

constexpr std::int64_t kWorth = 16;  // an element takes as long as so many that are only moved

const RecurrentKernels<float>& kernels(float) {
  return NEEDLE_CHOOSE(recurrent_table).float32;
}
const RecurrentKernels<double>& kernels(double) {
  return NEEDLE_CHOOSE(recurrent_table).float64;
}

}  // namespace

void device::lstm_cell(const View& h, const View& c_new, const View& activations, const View& gates,
                       const View& c) {
  const std::int64_t n = c.shape[1];
  visit_floating(c.dtype, [&]<class T>(T zero) {
    for_rows(c.shape[0], n * kWorth, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> each_gates(gates), states(c);
      for (std::int64_t row = begin; row < end; ++row) {
        kernels(zero).cell(each_gates[row], states[row], n, h.data<T>() + row * n,
                           c_new.data<T>() + row * n, activations.data<T>() + row * 4 * n);
      }
    });
  });
}

void device::lstm_cell_gradient(const View& grad_gates, const View& grad_before, const View& grad_h,
                                const View& grad_c, const View& activations, const View& c,
                                const View& c_new) {
  const std::int64_t n = c.shape[1];
  visit_floating(c.dtype, [&]<class T>(T zero) {
    for_rows(c.shape[0], n * kWorth, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> grads(grad_h), grads_c(grad_c), after(activations), states(c), news(c_new);
      for (std::int64_t row = begin; row < end; ++row) {
        kernels(zero).cell_gradient(grads[row], grads_c[row], after[row], states[row], news[row], n,
                                    grad_gates.data<T>() + row * 4 * n,
                                    grad_before.data<T>() + row * n);
      }
    });
  });
}

}  // namespace needle
