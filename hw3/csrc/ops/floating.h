#pragma once
// What kernels of floating-point arrays have in common: checks, and the choice of the C++ type.

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/errors.h"
#include "common/view.h"
#include "ops/movement.h"

namespace needle {

/// Throws TypeError unless all views are of the dtype of the first one, float32 or float64.
template <class... Views>
void check_floating(const char* name, const View& first, const Views&... others) {
  if (!is_floating(first.dtype)) {
    throw TypeError(std::string(name) + " is not defined for dtype " + name_of(first.dtype));
  }
  [[maybe_unused]] const auto check = [&](const View& other) {
    if (other.dtype == first.dtype) return;
    throw TypeError(std::string(name) + " takes arrays of one dtype, not " + name_of(first.dtype) +
                    " and " + name_of(other.dtype));
  };
  (check(others), ...);
}

/// Throws std::invalid_argument unless `view`, called `what`, has the shape that is expected.
inline void check_shape(const char* name, const char* what, const View& view,
                        const Dims& expected) {
  if (view.shape == expected) return;
  throw std::invalid_argument(std::string(name) + " takes " + what + " of shape " +
                              to_string(expected) + ", not " + to_string(view.shape));
}

/// Throws std::invalid_argument unless `view` has `ndim` axes, or at least that many.
inline void check_axes(const char* name, const View& view, int ndim, bool or_more) {
  if (view.ndim() == ndim || (or_more && view.ndim() > ndim)) return;
  throw std::invalid_argument(std::string(name) + " takes an array of " +
                              (or_more ? "at least " : "") + std::to_string(ndim) +
                              " axes, not one of shape " + to_string(view.shape));
}

/// The sizes of all axes but the last one.
inline Dims leading_shape(const View& view) {
  Dims shape = view.shape;
  shape.resize(view.ndim() - 1);
  return shape;
}

/// Calls `function` with a 0 of the C++ type of a floating-point dtype.
template <class Function>
decltype(auto) visit_floating(DType dtype, Function&& function) {
  if (dtype == DType::float32) return std::forward<Function>(function)(float{});
  return std::forward<Function>(function)(double{});
}

/// A new view with every element `value`.
inline View filled(DType dtype, const Dims& shape, double value) {
  Number number = {dtype, {}};
  visit_floating(dtype, [&]<class T>(T) {
    const T rounded = static_cast<T>(value);
    std::memcpy(number.bytes, &rounded, sizeof(T));
  });
  View result = View::empty(dtype, shape);
  fill(result, number);
  return result;
}

}  // namespace needle
