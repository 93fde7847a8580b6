#pragma once
// Filters as the right-hand matrix of a product: a row for each tap and channel, a column for each
// filter.

#include <cstdint>

#include "cuda/conv_patches.h"

namespace needle::cuda {

/// Which taps of filters a phase meets, along one axis.
struct alignas(8) TapAxis {
  std::uint32_t begin = 0, step = 1;
};

/// Some columns of all filters, which lie row by row in memory.
template <class T>
struct FilterMatrix {
  const T* data;             // the first row and column
  std::uint32_t row_stride;  // from row to row
  std::uint32_t tap_rows;    // from tap to tap, in rows
  std::uint32_t grid_cols;   // taps beside each other in memory
  std::uint32_t columns;
};

/// Loads filters. The steps of the sum go over the taps of `patches`, so they are found as those.
template <class Slice, class T, int Threads, int Size>
class FilterRows {
 public:
  static constexpr int kLine = Slice::kX / Size, kStep = Threads / kLine;
  static constexpr int kCount = Slice::kK / kStep;
  static_assert(kLine * Size == Slice::kX && kStep * kLine == Threads);
  static_assert(kCount * kStep == Slice::kK);

  /// From column `first` on.
  __device__ FilterRows(const FilterMatrix<T>& filters, const Patches<T>& patches, TapAxis rows,
                        TapAxis cols, std::uint32_t first)
      : filters_(filters),
        patches_(patches),
        rows_(rows),
        cols_(cols),
        x_(threadIdx.x % kLine * Size),
        k_(threadIdx.x / kLine),
        next_(k_),
        data_(filters.data + first + x_),
        inside_(first + x_ < filters.columns) {}

  __device__ void load() {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      const std::uint32_t k = next_ + n * kStep;
      const bool inside = inside_ && k < patches_.depth;
      groups_[n] = inside ? read_group<Size>(data_ + std::uint64_t{row(k)} * filters_.row_stride)
                          : Group<T, Size>{};
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
  __device__ std::uint32_t row(std::uint32_t k) const {
    const std::uint32_t tap = patches_.channels.divide(k);
    const std::uint32_t i = patches_.tap_cols.divide(tap);
    const std::uint32_t j = tap - i * patches_.tap_cols.divisor();
    const std::uint32_t place =
        (rows_.begin + i * rows_.step) * filters_.grid_cols + cols_.begin + j * cols_.step;
    return place * filters_.tap_rows + k - tap * patches_.channels.divisor();
  }

  const FilterMatrix<T>& filters_;
  const Patches<T>& patches_;
  TapAxis rows_, cols_;
  std::uint32_t x_, k_, next_;
  const T* data_;
  bool inside_;
  Group<T, Size> groups_[kCount];
};

}  // namespace needle::cuda
