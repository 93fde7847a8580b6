#pragma once
// Pooling of images (batch, rows, columns, channels): the largest or the mean element of windows.
//
// A place is the number of an element in its image, row * columns + column, or -1 for a window that
// lies outside of the image. Operands have any strides, results are new and row-major. All throw
// TypeError for dtypes other than float32 and float64, std::invalid_argument for sizes that do not
// fit and what count_windows refuses, and std::bad_alloc.

#include <utility>

#include "common/view.h"
#include "ops/conv_window.h"

namespace needle {

/// The largest element of each window, and its place (int64). Padding is -inf and never chosen; a
/// nan is larger than all numbers; of equal elements the first one is chosen.
std::pair<View, View> max_pool2d(const View& x, const Window& window);

/// The elements of `x` at `places`; 0 for -1. Throws std::out_of_range for a place that is not in
/// the images.
View max_pool2d_gather(const View& x, const View& places);

/// Images of `shape` with every element of `dy` added at its place. Throws as the gather does.
View max_pool2d_gradient(const View& dy, const View& places, const Dims& shape);

/// The mean of each window. Padding counts, as zeros.
View avg_pool2d(const View& x, const Window& window);

/// Images of `shape`: every element of `dy` shared out among its window.
View avg_pool2d_gradient(const View& dy, const Dims& shape, const Window& window);

}  // namespace needle
