#pragma once
// Reductions among the lanes of a warp and the threads of a block.
//
// `combine(a, b)` must not ask for the order of its arguments. Values meet in a fixed order, so the
// result is the same in every run, and the same in all threads: additions commute, bit by bit. T is
// a number, or a struct of whole words that can be copied byte by byte.

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cuda/launch.h"

namespace needle::cuda {

inline constexpr unsigned kAllLanes = 0xffffffff;

/// The value of the lane whose number has the bits of `mask` turned.
template <class T>
__device__ T exchange(T value, int mask) {
  if constexpr (std::is_arithmetic_v<T>) {
    return __shfl_xor_sync(kAllLanes, value, mask);
  } else {
    constexpr int kWords = sizeof(T) / sizeof(unsigned);
    static_assert(sizeof(T) == kWords * sizeof(unsigned));
    unsigned words[kWords];
    std::memcpy(words, &value, sizeof(T));
#pragma unroll
    for (int word = 0; word < kWords; ++word) {
      words[word] = __shfl_xor_sync(kAllLanes, words[word], mask);
    }
    std::memcpy(&value, words, sizeof(T));
    return value;
  }
}

/// The values of each `lanes` neighbouring lanes, a power of 2, combined; each of them gets it. All
/// lanes of the warp must call it.
template <int lanes = kWarp, class T, class Combine>
__device__ T warp_reduce(T value, const Combine& combine) {
#pragma unroll
  for (int mask = lanes / 2; mask > 0; mask /= 2) value = combine(value, exchange(value, mask));
  return value;
}

/// The values of all threads of a block of `threads` threads along x, combined; each of them gets
/// it. All threads of the block must call it.
template <int threads, class T, class Combine>
__device__ T block_reduce(T value, const Combine& combine) {
  constexpr int kWarps = threads / kWarp;
  static_assert(kWarps * kWarp == threads);
  __shared__ T parts[kWarps];
  value = warp_reduce(value, combine);
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = value;
  __syncthreads();
  value = parts[0];
#pragma unroll
  for (int warp = 1; warp < kWarps; ++warp) value = combine(value, parts[warp]);
  __syncthreads();  // the next reduction may write to the same place
  return value;
}

}  // namespace needle::cuda
