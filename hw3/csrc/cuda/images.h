#pragma once
// Images (batch, rows, columns, channels) in kernels: where an element lies, and which one a thread
// has. Neighbouring threads have neighbouring channels, which lie together in memory.

#include <cuda_runtime.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "common/view.h"
#include "cuda/divide.h"
#include "cuda/offsets.h"
#include "ops/movement.h"

namespace needle::cuda {

/// Elements of images that lie anywhere.
template <class T>
struct Pixels {
  T* data;
  std::int64_t batch_stride, row_stride, col_stride, channel_stride;

  explicit Pixels(const View& view)
      : data(view.data<T>()),
        batch_stride(view.strides[0]),
        row_stride(view.strides[1]),
        col_stride(view.strides[2]),
        channel_stride(view.strides[3]) {}

  /// The first channel of a pixel.
  NEEDLE_FUNCTION T* at(std::int64_t image, std::int64_t row, std::int64_t col) const {
    return data + image * batch_stride + row * row_stride + col * col_stride;
  }
};

/// The number of an element, taken apart.
struct ImagePlace {
  std::int64_t image, row, col, channel;
};

/// Numbers the elements of images, at most kMostPlaces of them, in row-major order; or groups of
/// `size` channels.
class ImagePlaces {
 public:
  explicit ImagePlaces(const Dims& shape, int size = 1)
      : rows_(divider(shape[1])), cols_(divider(shape[2])), channels_(divider(shape[3] / size)) {}

  NEEDLE_FUNCTION ImagePlace at(std::uint32_t number) const {
    const std::uint32_t pixel = channels_.divide(number);
    const std::uint32_t line = cols_.divide(pixel);
    const std::uint32_t image = rows_.divide(line);
    return {image, line - image * rows_.divisor(), pixel - line * cols_.divisor(),
            number - pixel * channels_.divisor()};
  }

 private:
  /// There may be no elements, and nothing to divide.
  static Divider divider(std::int64_t size) { return Divider(size > 0 ? size : 1); }

  Divider rows_, cols_, channels_;
};

/// The same elements with channels that are neighbours, or all the same one. Others are copied:
/// threads that read them a line apart would fetch all of it for one element each.
inline View with_neighbours(const View& images) {
  const bool beside = images.shape[3] <= 1 || images.strides[3] == 1 || images.strides[3] == 0;
  return beside ? images : copy(images);
}

/// Whether groups of `size` channels can be read at once.
template <class T>
bool in_groups(const View& images, std::int64_t channels, int size) {
  const auto address = reinterpret_cast<std::uintptr_t>(images.data<T>());
  bool fit = channels % size == 0 && images.strides[3] == 1 && address % (size * sizeof(T)) == 0;
  for (int axis = 0; axis < 3; ++axis) {
    fit = fit && (images.shape[axis] == 1 || images.strides[axis] % size == 0);
  }
  return fit;
}

/// The number of elements of an image.
inline std::int64_t image_size(const View& images) {
  return images.shape[1] * images.shape[2] * images.shape[3];
}

/// The number of elements of a part of a batch (see for_each_batch_part).
inline std::uint32_t element_count(const View& part) {
  return static_cast<std::uint32_t>(part.size());
}

/// The number of a thread's element; beyond the last one for some threads of the last block.
__device__ inline std::uint32_t own_number() {
  return blockIdx.x * blockDim.x + threadIdx.x;
}

/// Images `begin` to `begin + count` - 1.
inline View some_images(const View& images, std::int64_t begin, std::int64_t count) {
  View view = images;
  view.offset += begin * images.strides[0];
  view.shape[0] = count;
  return view;
}

/// How many images of `size` elements have at most kMostPlaces together. Throws std::length_error
/// for an image with more.
inline std::int64_t images_within(std::int64_t size) {
  if (size > kMostPlaces) {
    throw std::length_error("an image of " + std::to_string(size) +
                            " elements is beyond the limit of CUDA kernels, " +
                            std::to_string(kMostPlaces));
  }
  return kMostPlaces / (size > 0 ? size : 1);
}

/// Calls `work(begin, count)` for parts of at most `most` images: almost always for all at once.
template <class Work>
void for_each_batch_part(std::int64_t batch, std::int64_t most, const Work& work) {
  for (std::int64_t begin = 0; begin < batch; begin += most) {
    work(begin, most < batch - begin ? most : batch - begin);
  }
}

}  // namespace needle::cuda
