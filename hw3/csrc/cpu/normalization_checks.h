#pragma once
// What both kinds of normalisation ask of their operands.

#include "cpu/isa.h"
#include "cpu/normalization_table.h"
#include "ops/floating.h"
#include "ops/movement.h"

namespace needle {

inline const NormalizationKernels<float>& normalization_kernels(float) {
  return NEEDLE_CHOOSE(normalization_table).float32;
}
inline const NormalizationKernels<double>& normalization_kernels(double) {
  return NEEDLE_CHOOSE(normalization_table).float64;
}

/// The shape of what there is one of for each feature.
inline Dims features(const View& x) {
  return Dims(1, x.shape[x.ndim() - 1]);
}

/// The view itself, or a copy of it without gaps. For small ones.
inline View without_gaps(const View& view) {
  return view.compact() ? view : copy(view);
}

/// A new view with every element `value`.
inline View filled(DType dtype, const Dims& shape, double value) {
  View result = View::empty(dtype, shape);
  visit_floating(dtype, [&]<class T>(T) {
    for (std::int64_t i = 0; i < result.size(); ++i) result.data<T>()[i] = static_cast<T>(value);
  });
  return result;
}

}  // namespace needle
