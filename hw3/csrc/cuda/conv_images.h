#pragma once
// What the kernels of convolutions want of images: neighbouring channels, and offsets of 32 bits.

#include <algorithm>
#include <cstdint>

#include "cuda/conv_patches.h"
#include "cuda/images.h"
#include "ops/conv_phases.h"

namespace needle::cuda {

/// From the first element of an image to the last one that it reaches.
inline std::int64_t image_reach(const View& images) {
  std::int64_t reach = 0;
  for (int axis = 1; axis < 4; ++axis) {
    const std::int64_t stride = images.strides[axis];
    reach += (images.shape[axis] - 1) * (stride < 0 ? -stride : stride);
  }
  return reach;
}

/// The same images, none of which reaches far. Throws std::length_error for too large ones.
inline View with_short_offsets(const View& images) {
  images_within(image_size(images));
  const View view = with_neighbours(images);
  return image_size(view) > 0 && image_reach(view) > kMostPlaces ? copy(view) : view;
}

/// How many images can be numbered, with `pixels` numbers for each, and reached from the first.
inline std::int64_t images_at_once(const View& images, std::int64_t pixels) {
  const std::int64_t numbered = images_within(pixels), stride = images.strides[0];
  if (image_size(images) == 0 || stride == 0) return numbered;
  const std::int64_t reached =
      (kMostPlaces - image_reach(images)) / (stride < 0 ? -stride : stride) + 1;
  return std::min(numbered, reached);
}

/// The patches of images, but for the axes and what follows from them.
template <class T>
Patches<T> make_patches(const View& images, std::int64_t channels) {
  Patches<T> patches;
  patches.data = images.data<T>();
  patches.batch_stride = static_cast<std::uint32_t>(images.strides[0]);
  patches.row_stride = static_cast<std::uint32_t>(images.strides[1]);
  patches.col_stride = static_cast<std::uint32_t>(images.strides[2]);
  patches.channel_stride = images.shape[3] > 1 ? static_cast<std::uint32_t>(images.strides[3]) : 1;
  patches.channels = Divider(std::max<std::int64_t>(channels, 1));
  patches.pixels = patches.depth = 0;
  return patches;
}

/// The inputs of a phase, of which there are `size`.
inline PatchAxis make_patch_axis(const PhaseSteps& phase, std::int64_t size) {
  return {static_cast<std::uint32_t>(phase.in_begin), static_cast<std::uint32_t>(phase.in_step),
          static_cast<std::uint32_t>(phase.in_tap_step), static_cast<std::uint32_t>(size)};
}

}  // namespace needle::cuda
