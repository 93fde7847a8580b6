#pragma once
// What a device does for recurrent.cpp, which has checked the operands: those have at least one
// element and any strides, results are row-major.

#include "common/view.h"

namespace needle::device {

void lstm_cell(const View& h, const View& c_new, const View& activations, const View& gates,
               const View& c);

void lstm_cell_gradient(const View& grad_gates, const View& grad_before, const View& grad_h,
                        const View& grad_c, const View& activations, const View& c,
                        const View& c_new);

}  // namespace needle::device
