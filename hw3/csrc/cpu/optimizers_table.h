#pragma once
// Steps of optimisers on elements without gaps, compiled once per instruction set.

#include <cstdint>

#include "cpu/declare_table.h"

namespace needle {

/// The numbers of one step; each is rounded to the dtype of the elements when it is used.
struct AdamNumbers {
  double beta1, beta2;
  double eps;             // times the correction c = sqrt(1 - beta2^t)
  double step;            // -lr c / (1 - beta1^t)
  double gradient_decay;  // what is added to the gradient for each parameter
  double keep;            // what is left of the parameter
};

struct SgdNumbers {
  double lr, momentum, share, decay;
  bool nesterov;
};

template <class T>
struct OptimizerKernels {
  /// Writes the new parameters to `out`, and the new moments in place.
  void (*adam)(const T* p, const T* g, T* m, T* v, T* out, std::int64_t n,
               const AdamNumbers& numbers);
  /// `velocity` may be nullptr: no momentum.
  void (*sgd)(const T* p, const T* g, T* velocity, T* out, std::int64_t n,
              const SgdNumbers& numbers);
};

struct OptimizerTable {
  OptimizerKernels<float> float32;
  OptimizerKernels<double> float64;
};

NEEDLE_DECLARE_TABLE(OptimizerTable, optimizer_table)

}  // namespace needle
