#pragma once
// What a device does for conv.cpp, which has checked the operands.
//
// Results are new and row-major, their values are not set, and they are not empty; other operands
// have any strides and may be empty.

#include "ops/conv.h"

namespace needle::device {

void conv2d(const View& x, const View& w, const Convolution& convolution, const View& y);

void conv2d_input_gradient(const View& dy, const View& w, const Convolution& convolution,
                           const View& dx);

void conv2d_weight_gradient(const View& x, const View& dy, const Convolution& convolution,
                            const View& dw);

}  // namespace needle::device
