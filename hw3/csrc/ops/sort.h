#pragma once
// Sorting along an axis.

#include "common/view.h"

namespace needle {

/// The elements along `axis` from the smallest to the largest, or the other way round; equal ones,
/// 0 and -0 among them, keep their order in both cases, and a nan is larger than every number. The
/// result is new and row-major. Throws std::out_of_range for an axis that `a` has not, and on a GPU
/// std::length_error for a line of 2^31 elements or more.
View sort(const View& a, std::int64_t axis, bool descending);

/// The indices (int64) that put the elements in the order of `sort`.
View argsort(const View& a, std::int64_t axis, bool descending);

}  // namespace needle
