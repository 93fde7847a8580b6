#pragma once
// Windows that slide over the rows and columns of images: what convolution and pooling share.

#include <cstdint>

#include "common/layout.h"

namespace needle {

/// How windows lie on an image; each is a pair, for rows and for columns.
///
/// Window (i, j) has its tap (a, b) at row `i * stride[0] - padding[0] + a * dilation[0]` and the
/// column of the same form; what is outside of the image counts as padding.
struct Window {
  Dims size, stride, padding, dilation;
};

/// How many windows there are below and beside each other, over images of `rows` x `cols`.
///
/// Throws std::invalid_argument, naming the numbers, for what is no pair, for empty windows, steps
/// that are not positive, negative padding, numbers beyond 2^31 - 1, and for a window that is
/// larger than the padded image.
Dims count_windows(const Window& window, std::int64_t rows, std::int64_t cols);

}  // namespace needle
