#pragma once
// What an LSTM cell does to one row, compiled once per instruction set.

#include <cstdint>

#include "cpu/declare_table.h"

namespace needle {

template <class T>
struct RecurrentKernels {
  /// Of h elements: the four gates i, f, g, o lie one after the other, 4 h elements.
  void (*cell)(const T* gates, const T* c, std::int64_t h, T* out, T* c_new, T* activations);
  void (*cell_gradient)(const T* grad_h, const T* grad_c, const T* activations, const T* c,
                        const T* c_new, std::int64_t h, T* grad_gates, T* grad_c_before);
};

struct RecurrentTable {
  RecurrentKernels<float> float32;
  RecurrentKernels<double> float64;
};

NEEDLE_DECLARE_TABLE(RecurrentTable, recurrent_table)

}  // namespace needle
