#pragma once
// The patches of images that meet a filter, as a matrix that is nowhere in memory: a row for each
// pixel of the result and a column for each tap and channel. Its numbers are found by arithmetic
// when a slice of it is brought to shared memory (see gemm_tile.h).

#include <cstdint>

#include "cuda/divide.h"
#include "cuda/gemm_tile.h"

namespace needle::cuda {

/// Blocks that a multiprocessor should have room for, so that some work while others wait: what
/// registers allow, of which a thread needs its sums and about half as many more.
template <class Tile>
inline constexpr int kResident =
    sizeof(typename Tile::Number) == 8 || Tile::kRows * Tile::kCols >= 64 ? 2
    : Tile::kThreads == 256                                               ? 3
                                                                          : 4;

/// One axis of the patches: output i and tap t meet the place `begin + i * step + t * tap_step`,
/// if that is below `size`. Numbers are taken modulo 2^32, where places before the image are far
/// beyond it.
struct alignas(16) PatchAxis {
  std::uint32_t begin = 0, step = 1, tap_step = 0, size = 1;
};

/// A matrix of patches. Offsets in `data` fit into 32 bits.
template <class T>
struct Patches {
  const T* data;
  std::uint32_t batch_stride, row_stride, col_stride;
  std::uint32_t channel_stride;  // 1, or 0 where all are the same
  PatchAxis rows, cols;
  Divider out_rows, out_cols;  // pixels of an image
  Divider channels, tap_cols;
  std::uint32_t pixels, depth;  // the shape of the matrix

  /// Where pixel or tap (0, 0) of an output, and an output of a tap, lie: the sums of both are
  /// places. `base` counts from the first image.
  struct Place {
    std::uint32_t row, col, base;
  };

  __device__ Place pixel(std::uint32_t number) const {
    const std::uint32_t line = out_cols.divide(number), image = out_rows.divide(line);
    const std::uint32_t i = line - image * out_rows.divisor();
    const std::uint32_t j = number - line * out_cols.divisor();
    return {rows.begin + i * rows.step, cols.begin + j * cols.step, image * batch_stride};
  }
  __device__ Place tap(std::uint32_t number) const {
    const std::uint32_t tap = channels.divide(number), row = tap_cols.divide(tap);
    const std::uint32_t col = tap - row * tap_cols.divisor();
    const std::uint32_t channel = number - tap * channels.divisor();
    return {row * rows.tap_step, col * cols.tap_step, channel * channel_stride};
  }

  /// Sets `group` to numbers where a pixel meets a tap: the next channels, too. 0 outside.
  template <int Size>
  __device__ void read(const Place& pixel, const Place& tap, bool inside,
                       Group<T, Size>& group) const {
    const std::uint32_t row = pixel.row + tap.row, col = pixel.col + tap.col;
    const auto offset =
        static_cast<std::int32_t>(pixel.base + tap.base + row * row_stride + col * col_stride);
    const bool meets = inside && row < rows.size && col < cols.size;
    group = meets ? read_group<Size>(data + offset) : Group<T, Size>{};
  }
};

/// Loads patches whose pixels are the rows of a product, and taps and channels the steps of its
/// sum. Threads are neighbours along the channels, which lie together in memory.
template <class Slice, class T, int Threads, int Size>
class PixelRows {
 public:
  static constexpr int kLine = Slice::kK / Size, kStep = Threads / kLine;
  static constexpr int kCount = Slice::kX / kStep;
  static_assert(kLine * Size == Slice::kK && kStep * kLine == Threads);
  static_assert(kCount * kStep == Slice::kX);

  /// From pixel `first` on.
  __device__ PixelRows(const Patches<T>& patches, std::uint32_t first)
      : patches_(patches), x_(threadIdx.x / kLine), k_(threadIdx.x % kLine * Size), next_(k_) {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      // Rows that are too many are not written by anybody: any values do.
      const std::uint32_t pixel = first + x_ + n * kStep;
      pixels_[n] = patches.pixel(pixel < patches.pixels ? pixel : patches.pixels - 1);
    }
  }

  __device__ void load() {
    const auto tap = patches_.tap(next_);
    const bool inside = next_ < patches_.depth;
#pragma unroll
    for (int n = 0; n < kCount; ++n) patches_.read(pixels_[n], tap, inside, groups_[n]);
    next_ += Slice::kK;
  }

  __device__ void store(T* slice) const {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
#pragma unroll
      for (int i = 0; i < Size; ++i) {
        slice[Slice::at(static_cast<int>(k_) + i) + x_ + n * kStep] = groups_[n].values[i];
      }
    }
  }

 private:
  const Patches<T>& patches_;
  std::uint32_t x_, k_, next_;
  typename Patches<T>::Place pixels_[kCount];
  Group<T, Size> groups_[kCount];
};

/// The other way round: taps and channels are the rows, or columns, of the product, and pixels the
/// steps of its sum.
template <class Slice, class T, int Threads, int Size>
class TapRows {
 public:
  static constexpr int kLine = Slice::kX / Size, kStep = Threads / kLine;
  static constexpr int kCount = Slice::kK / kStep;
  static_assert(kLine * Size == Slice::kX && kStep * kLine == Threads);
  static_assert(kCount * kStep == Slice::kK);

  /// From tap and channel `first` on, for the pixels `begin` to `end` - 1.
  __device__ TapRows(const Patches<T>& patches, std::uint32_t first, std::uint32_t begin,
                     std::uint32_t end)
      : patches_(patches),
        x_(threadIdx.x % kLine * Size),
        k_(threadIdx.x / kLine),
        next_(begin + k_),
        end_(end),
        inside_(first + x_ < patches.depth),
        tap_(patches.tap(first + x_)) {}

  __device__ void load() {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      const std::uint32_t pixel = next_ + n * kStep;
      patches_.read(patches_.pixel(pixel), tap_, inside_ && pixel < end_, groups_[n]);
    }
    next_ += Slice::kK;
  }

  __device__ void store(T* slice) const {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      write_group(slice + Slice::at(static_cast<int>(k_) + n * kStep) + x_, groups_[n]);
    }
  }

 private:
  const Patches<T>& patches_;
  std::uint32_t x_, k_, next_, end_;
  bool inside_;
  typename Patches<T>::Place tap_;
  Group<T, Size> groups_[kCount];
};

}  // namespace needle::cuda
