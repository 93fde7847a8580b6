#pragma once
// Which taps of a filter meet which places of an image, along one axis.
//
// A correlation adds up, for each output, inputs times taps. Near the border some taps meet only
// padding; they are left out, instead of multiplying zeros. In images that have shrunk to 1 x 1,
// these are most of the taps.

#include <cstdint>
#include <vector>

namespace needle {

/// Neighbouring outputs of a phase that meet the same taps, those from `first_tap` on.
struct Run {
  std::int64_t begin, count;
  std::int64_t first_tap, taps;
};

/// Outputs that see the image and the filter in the same way, `i` steps apart:
/// output `out_begin + i * out_step` is the sum over its taps t of the inputs
/// `in_begin + i * in_step + t * in_tap_step` times the filter's places `tap_begin + t * tap_step`.
struct Phase {
  std::int64_t out_begin, out_step;
  std::int64_t in_begin, in_step, in_tap_step;
  std::int64_t tap_begin, tap_step, taps;
  std::vector<Run> runs;  // in order, all outputs of the phase

  /// The input that output i meets with tap t.
  std::int64_t input(std::int64_t i, std::int64_t t) const {
    return in_begin + i * in_step + t * in_tap_step;
  }
};

/// One axis of a convolution.
struct Axis {
  std::int64_t image, filter, result;  // sizes
  std::int64_t stride, padding, dilation;
};

/// From image to result: one phase.
std::vector<Phase> forward_phases(const Axis& axis);

/// From the gradient of the result to that of the image. Places of the image that differ by the
/// stride see the same taps, and each next of them sees the next place of the result: a phase for
/// each remainder. So no zeros are put between the places of the result.
std::vector<Phase> backward_phases(const Axis& axis);

}  // namespace needle
