#pragma once
// Convolutions of images and their derivatives.
//
// Images have the shape (batch, rows, columns, channels), filters (rows, columns, channels of a
// group, filters). Each function is linear in each of its operands, and the derivatives of each are
// the two others. Operands are float32 or float64 and have any strides; results are new and
// row-major, and do not depend on the number of threads.
//
// All throw TypeError for other dtypes and for two of them, std::invalid_argument, naming the
// numbers, for sizes that do not fit and what count_windows refuses, and std::bad_alloc.

#include <cstdint>

#include "common/view.h"
#include "ops/conv_window.h"

namespace needle {

/// How filters are laid over images; the size of a window is that of the filters.
struct Convolution {
  Dims stride, padding, dilation;
  std::int64_t groups = 1;
};

/// y[n, i, j, k] = sum over a, b, c of x[n, row(i, a), col(j, b), c] w[a, b, c, k], where places
/// outside of the image are zero, as deep learning defines convolution (without turning w around).
/// With groups, each part of the channels meets its own part of the filters.
View conv2d(const View& x, const View& w, const Convolution& convolution);

/// What conv2d hands back to its images of `shape`, if `dy` is the gradient of its result.
View conv2d_input_gradient(const View& dy, const View& w, const Dims& shape,
                           const Convolution& convolution);

/// What conv2d hands back to its filters of `shape`.
View conv2d_weight_gradient(const View& x, const View& dy, const Dims& shape,
                            const Convolution& convolution);

}  // namespace needle
