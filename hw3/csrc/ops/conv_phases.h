#pragma once
// Which taps of a filter meet which places of an image, along one axis.

#include <cstdint>
#include <vector>

#include "ops/conv.h"

namespace needle {

/// One axis of a convolution.
struct Axis {
  std::int64_t image, filter, result;  // sizes
  std::int64_t stride, padding, dilation;
};

/// The rows (0) or columns (1) of a convolution of these shapes.
Axis make_axis(const Dims& images, const Dims& filters, const Dims& results,
               const Convolution& convolution, int axis);

/// Outputs that see the image and the filter in the same way, `i` steps apart:
/// output `out_begin + i * out_step` is the sum over its taps t of the inputs
/// `in_begin + i * in_step + t * in_tap_step` times the filter's places `tap_begin + t * tap_step`.
/// Inputs that are none, as they lie outside, count as 0.
struct PhaseSteps {
  std::int64_t out_begin, out_step;
  std::int64_t in_begin, in_step, in_tap_step;
  std::int64_t tap_begin, tap_step, taps;

  /// The input that output i meets with tap t.
  std::int64_t input(std::int64_t i, std::int64_t t) const {
    return in_begin + i * in_step + t * in_tap_step;
  }
};

/// From image to result: all outputs are of one phase.
PhaseSteps forward_steps(const Axis& axis);

/// From the gradient of the result to that of the image. Places of the image that differ by the
/// stride see the same taps, and each next of them sees the next place of the result: a phase for
/// each remainder that there is. So no zeros are put between the places of the result.
std::vector<PhaseSteps> backward_steps(const Axis& axis);

}  // namespace needle
