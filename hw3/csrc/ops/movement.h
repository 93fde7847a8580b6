#pragma once
// Copies, conversions and assignments of elements.

#include "ops/input.h"

namespace needle {

/// Throws std::invalid_argument for a read-only view.
void check_writable(const View& view);

/// A new row-major array of the same elements.
View copy(const View& a);

/// A new row-major array of the elements converted: to bool, whether they are not 0; of floats to
/// integers, towards 0, the nearest end of the range for what lies outside, 0 for nan; integers
/// lose their high bits.
View cast(const View& a, DType dtype);

/// Writes `src`, broadcast and converted, into `dst`; they may overlap. Throws
/// std::invalid_argument if `dst` is read-only or `src` does not broadcast to it.
void assign(const View& dst, const View& src);

/// Writes `value`, of the dtype of `dst`, to all of it.
void fill(const View& dst, const Number& value);

}  // namespace needle
