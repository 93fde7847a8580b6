#pragma once
// The inner loops of both kinds of normalisation, for this processor.

#include "cpu/isa.h"
#include "cpu/normalization_table.h"

namespace needle {

inline const NormalizationKernels<float>& normalization_kernels(float) {
  return NEEDLE_CHOOSE(normalization_table).float32;
}
inline const NormalizationKernels<double>& normalization_kernels(double) {
  return NEEDLE_CHOOSE(normalization_table).float64;
}

}  // namespace needle
