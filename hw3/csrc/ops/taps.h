#pragma once
// The taps of a window that lie inside of the image; the same for the host and for GPUs.

#include <cstdint>

#include "common/wrapping.h"
#include "ops/conv_window.h"

namespace needle {

/// One axis of a window that slides over images.
struct WindowAxis {
  std::int64_t size, stride, padding, dilation;
  std::int64_t image;  // how many rows or columns there are
};

/// The rows (0) or columns (1) of windows over images (batch, rows, columns, channels).
inline WindowAxis axis_of(const Window& window, const Dims& images, int axis) {
  return {window.size[axis], window.stride[axis], window.padding[axis], window.dilation[axis],
          images[1 + axis]};
}

/// The taps, along one axis, of window `number` that lie inside of the image: those from `first`
/// up to `last`, which is not one of them. Tap t lies at `place + t * dilation`.
struct Taps {
  std::int64_t place, first, last;

  NEEDLE_FUNCTION Taps(const WindowAxis& axis, std::int64_t number) {
    place = number * axis.stride - axis.padding;
    first = place < 0 ? ceil_divide(-place, axis.dilation) : 0;
    last = axis.image > place ? ceil_divide(axis.image - place, axis.dilation) : 0;
    if (last > axis.size) last = axis.size;
    if (last < first) last = first;
  }

 private:
  /// For a of 1 ... 2^32 - 2: no size is beyond 2^31 - 1. GPUs divide 64 bits slowly.
  static NEEDLE_FUNCTION std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
    return static_cast<std::uint32_t>(a - 1) / static_cast<std::uint32_t>(b) + std::int64_t{1};
  }
};

}  // namespace needle
