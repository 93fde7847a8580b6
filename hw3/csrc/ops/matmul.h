#pragma once
// Products of matrices.

#include "common/view.h"

namespace needle {

/// A B for a of shape (..., m, k) and b of shape (..., k, n): a new row-major array of shape
/// (..., m, n). The axes before the last two broadcast; any strides.
///
/// Integers wrap. The sum over no elements is 0. Results do not depend on the number of threads.
/// Throws std::invalid_argument for shapes that do not fit, TypeError for different dtypes and for
/// bool, std::bad_alloc.
View matmul(const View& a, const View& b);

}  // namespace needle
