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
  bool along_k;  // whether neighbours along k lie closer in memory than those along x
};

/// Loads number by number, with any strides. Threads that are neighbours read neighbours.
template <class Slice, class T, int Threads>
class StridedLoader {
 public:
  static constexpr int kCount = Slice::kX * Slice::kK / Threads;
  static constexpr int kXStep = Threads / Slice::kK;  // from one number to the next, along k
  static constexpr int kKStep = Threads / Slice::kX;  // or along x
  static_assert(Threads % Slice::kX == 0 && Threads % Slice::kK == 0);

  __device__ explicit StridedLoader(const Panel<T>& panel)
      : x_(static_cast<int>(panel.along_k ? threadIdx.x / Slice::kK : threadIdx.x % Slice::kX)),
        k_(static_cast<int>(panel.along_k ? threadIdx.x % Slice::kK : threadIdx.x / Slice::kX)),
        x_step_(panel.along_k ? kXStep : 0),
        k_step_(panel.along_k ? 0 : kKStep),
        x_count_(panel.x_count),
        k_count_(panel.k_count),
        step_(x_step_ * panel.x_stride + k_step_ * panel.k_stride),
        slice_step_(Slice::kK * panel.k_stride),
        data_(panel.data + x_ * panel.x_stride + k_ * panel.k_stride) {}

  __device__ void load() {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      const bool inside = x_ + n * x_step_ < x_count_ && k_ + n * k_step_ < k_count_;
      values_[n] = inside ? data_[n * step_] : T(0);
    }
    data_ += slice_step_;
    k_count_ -= Slice::kK;
  }

  __device__ void store(T* slice) const {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      slice[Slice::at(k_ + n * k_step_) + x_ + n * x_step_] = values_[n];
    }
  }

 private:
  int x_, k_;              // of this thread's first number
  int x_step_, k_step_;    // from one of its numbers to the next
  int x_count_, k_count_;  // left of the matrix
  std::int64_t step_, slice_step_;
  const T* data_;
  T values_[kCount];
};

/// Loads 16 bytes at once. Along k, or along x, numbers lie next to each other, their count is a
/// multiple of kVector<T>, and so are the other stride and the place where the matrix begins.
template <class Slice, class T, int Threads, bool kAlongK>
class VectorLoader {
 public:
  static constexpr int kSize = kVector<T>;
  static constexpr int kLine = (kAlongK ? Slice::kK : Slice::kX) / kSize;  // threads along it
  static constexpr int kStep = Threads / kLine;
  static constexpr int kCount = Slice::kX * Slice::kK / kSize / Threads;
  static_assert(Threads % kLine == 0 && kCount * kSize * Threads == Slice::kX * Slice::kK);
  static_assert(kAlongK || kStep % 4 == 0);  // then places in a slice can be added

  __device__ explicit VectorLoader(const Panel<T>& panel) {
    const int thread = static_cast<int>(threadIdx.x);
    const int x = kAlongK ? thread / kLine : thread % kLine * kSize;
    const int k = kAlongK ? thread % kLine * kSize : thread / kLine;
    x_left_ = panel.x_count - x;
    k_left_ = panel.k_count - k;
    place_ = Slice::at(k) + x;
    step_ = kStep * (kAlongK ? panel.x_stride : panel.k_stride);
    data_ = panel.data + x * panel.x_stride + k * panel.k_stride;
  }

  __device__ void load() {
#pragma unroll
    for (int n = 0; n < kCount; ++n) {
      const bool inside =
          kAlongK ? n * kStep < x_left_ && k_left_ > 0 : x_left_ > 0 && n * kStep < k_left_;
      groups_[n] = inside ? read_group<kSize>(data_ + n * step_) : Group<T, kSize>{};
    }
    data_ += kAlongK ? Slice::kK : kCount * step_;
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
  std::int64_t step_;
  const T* data_;
  Group<T, kSize> groups_[kCount];
};

}  // namespace needle::cuda
