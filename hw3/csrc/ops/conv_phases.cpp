#include "ops/conv_phases.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace needle {

using std::int64_t;

Axis make_axis(const Dims& images, const Dims& filters, const Dims& results,
               const Convolution& convolution, int axis) {
  return {images[1 + axis],          filters[axis],
          results[1 + axis],         convolution.stride[axis],
          convolution.padding[axis], convolution.dilation[axis]};
}

PhaseSteps forward_steps(const Axis& axis) {
  return {0, 1, -axis.padding, axis.stride, axis.dilation, 0, 1, axis.filter};
}

std::vector<PhaseSteps> backward_steps(const Axis& axis) {
  const int64_t stride = axis.stride, dilation = axis.dilation;
  // Image place h and tap a meet result place (h + padding - a * dilation) / stride, if that is a
  // whole number: for every `period`-th tap.
  const int64_t common = std::gcd(stride, dilation), period = stride / common;
  const int64_t count = std::min(stride, axis.image);
  std::vector<PhaseSteps> phases(static_cast<std::size_t>(count));
  for (int64_t h = 0; h < count; ++h) {
    phases[h] = {h, stride, 0, 1, -dilation / common, 0, period, 0};
  }
  for (int64_t a = 0; a < std::min(period, axis.filter); ++a) {
    const int64_t h = ((a * dilation - axis.padding) % stride + stride) % stride;
    if (h >= count) continue;
    phases[h].in_begin = (h + axis.padding - a * dilation) / stride;
    phases[h].tap_begin = a;
    phases[h].taps = (axis.filter - 1 - a) / period + 1;
  }
  return phases;
}

}  // namespace needle
