#pragma once
// Steps of optimisers on elements without gaps, compiled once per instruction set.

#include <cstdint>

#include "cpu/declare_table.h"
#include "ops/optimizers_numbers.h"

namespace needle {

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
