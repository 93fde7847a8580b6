#pragma once
// Loaders of matrices (see gemm_tile.h): of a slice of A, x are its rows, of one of B, its columns.

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/gemm_tile.h"

namespace needle::cuda {

/// A matrix, from its first number in a tile on: number x of step k is
/// `data[x * x_stride + k * k_stride]`; beyond the counts it counts as 0.
template <class T>
struct Panel {
  const T* data;
  std::int64_t x_stride, k_stride;
  int x_count, k_count;
};

/// Loads groups of `kSize` numbers: 1, with any strides, or kVector<T>. Groups lie along k or along
/// x, where threads that are neighbours read neighbours. Several numbers of a group lie next to
/// each other in memory; then their count, the other stride and the place where the matrix begins
/// are multiples of kSize.
///
/// What is known here need not be kept in registers, which the sums take: so `kAlongK` is no
/// argument.
template <class Slice, class T, int Threads, bool kAlongK, int kSize>
class MatrixLoader {
 public:
  static constexpr int kLine = (kAlongK ? Slice::kK : Slice::kX) / kSize;  // threads along it
  static constexpr int kStep = Threads / kLine;  // across, to this thread's next group
  static constexpr int kCount = Slice::kX * Slice::kK / kSize / Threads;
  static_assert(Threads % kLine == 0 && kCount * kSize * Threads == Slice::kX * Slice::kK);
  static_assert(kAlongK || kStep % 4 == 0 || 4 % kStep == 0);  // places in a slice can be added

  __device__ explicit MatrixLoader(const Panel<T>& panel) {
    const int thread = static_cast<int>(threadIdx.x);
    const int x = kAlongK ? thread / kLine : thread % kLine * kSize;
    const int k = kAlongK ? thread % kLine * kSize : thread / kLine;
    x_left_ = panel.x_count - x;
    k_left_ = panel.k_count - k;
    place_ = Slice::at(k) + x;
    step_ = kStep * (kAlongK ? panel.x_stride : panel.k_stride);
    slice_step_ = kSize > 1 && kAlongK ? Slice::kK : Slice::kK * panel.k_stride;
    data_ = panel.data + x * panel.x_stride + k * panel.k_stride;
  }

  __device__ void load() {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      const bool inside =
          kAlongK ? n * kStep < x_left_ && k_left_ > 0 : x_left_ > 0 && n * kStep < k_left_;
      groups_[n] = inside ? read_group<kSize>(data_ + n * step_) : Group<T, kSize>{};
    }
    data_ += slice_step_;
    k_left_ -= Slice::kK;
  }

  __device__ void store(T* slice) const {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      if constexpr (kAlongK) {
#pragma unroll
        for (int i = 0; i < kSize; ++i) {
          slice[place_ + Slice::at(i) + n * kStep] = groups_[n].values[i];
        }
      } else {
        write_group(slice + place_ + Slice::at(n * kStep), groups_[n]);
      }
    }
  }

 private:
  int x_left_, k_left_;  // from this thread's first number on
  int place_;            // of that in a slice
  std::int64_t step_, slice_step_;
  const T* data_;
  Group<T, kSize> groups_[kCount];
};

}  // namespace needle::cuda
