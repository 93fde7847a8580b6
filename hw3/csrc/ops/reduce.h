#pragma once
// Reductions: many elements become one, along some of the axes of a view.

#include "common/view.h"
#include "ops/operations.h"

namespace needle {

/// Throws std::out_of_range unless 0 <= axis < ndim.
void check_axis(std::int64_t axis, int ndim);

/// The reduction of `a` along `axes`, which are of size 1 in the result with `keepdims`, and
/// dropped without. No axes: every element on its own. The result is new and row-major.
///
/// Sums and products of whole numbers and bools are int64 and wrap around; any and all are bool;
/// everything else has the dtype of `a`. A nan makes a maximum or minimum nan. Floating-point
/// numbers are added in blocks whose sums are added in blocks, in an order that depends on the
/// shape and strides alone.
///
/// Throws std::out_of_range for an axis that `a` has not, and std::invalid_argument for one that is
/// repeated, and for the maximum or minimum of no elements.
View reduce(Reduction op, const View& a, const Dims& axes, bool keepdims);

/// The index (int64) along `axis` of the first of the largest elements, or of the smallest ones.
/// A nan is larger than every number, and smaller. Throws as `reduce` does.
View argmax(const View& a, std::int64_t axis);
View argmin(const View& a, std::int64_t axis);

/// The sums, or products, of the elements up to each one along `axis`; dtypes as `reduce` has them.
/// The CPU takes elements one after the other. So does a GPU on lines of at most 32 elements and
/// where very many lie side by side; it cuts others into blocks, whose totals it adds first: of
/// floats, results then differ by rounding, and where only some orders overflow. Throws
/// std::out_of_range for an axis that `a` has not.
View cumulative_sum(const View& a, std::int64_t axis);
View cumulative_prod(const View& a, std::int64_t axis);

}  // namespace needle
