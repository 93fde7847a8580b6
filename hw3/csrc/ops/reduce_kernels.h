#pragma once
// What a device does for reduce.cpp, which has checked the axes; no view is empty.

#include "common/view.h"
#include "ops/operations.h"

namespace needle {

/// Of totals int64, but for floats their own; of any and all bool; of extremes that of the
/// elements.
DType result_dtype(Reduction op, DType dtype);

namespace device {

/// The reduction of `a` along the axes whose bits are set in `mask`: a new array of `shape`, in
/// which they are of size 1, without gaps, its axes in any order.
View reduce(Reduction op, const View& a, std::uint64_t mask, const Dims& shape);

/// Sets `result`, compact and of size 1 along `axis`, to the first place along it of the maximum
/// or minimum.
void argument(Reduction op, const View& a, int axis, const View& result);

/// Sets `result`, compact and of the shape of `a`, to its sums or products up to each element.
void accumulate(Reduction op, const View& a, int axis, const View& result);

}  // namespace device
}  // namespace needle
