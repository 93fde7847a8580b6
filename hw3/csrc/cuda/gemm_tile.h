#pragma once
// A product of matrices as one block of threads computes it: what matmul and convolutions share.
//
// The block owns a tile of C, of kM x kN numbers, which stay in the registers of its threads. The
// sum goes in steps of kK: a slice of A (kM x kK) and one of B (kK x kN) are brought into shared
// memory, and each of their numbers is used kN, or kM times. There, too, numbers are read seldom: a
// thread multiplies kRows numbers of A by kCols of B. While a slice is multiplied, the next one is
// on its way from memory to registers; there is room for two in shared memory, so one barrier in
// each step is enough.
//
// How a slice gets there is the business of a loader, `A` and `B` below, which has
//   void load();               // starts to read this thread's share of the next slice
//   void store(T* slice) const;  // writes it: number x of step k to slice[Slice::at(k) + x]
// and gives 0 for what lies beyond the matrix, along the sum in both of A and B.

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "common/wrapping.h"
#include "cuda/launch.h"

namespace needle::cuda {

/// The widest load of a thread, in numbers.
template <class T>
inline constexpr int kVector = 16 / static_cast<int>(sizeof(T));

NEEDLE_FUNCTION constexpr int smaller(int a, int b) {
  return a < b ? a : b;
}

/// Where the numbers of a slice lie in shared memory: `X` of them, next to each other, for each of
/// `K` steps.
///
/// Reads go along x, and writes too if x are neighbours in memory. If k are, the lanes of a warp
/// hold groups of 4 floats along k, and write one of each group at once: for K = 16, 4 groups of 8
/// columns x, for K = 8, 2 groups of 16. Gaps see to it that these lie in different banks: step k
/// begins in bank 4 k + 8 (k / 4), or 4 k, and groups in banks 0, 24, 16, 8, or 0, 16. The 4 k is
/// also what loads of 16 bytes need.
template <class T, int X, int K>
struct Slice {
  static constexpr int kX = X, kK = K;
  static constexpr int kStride = X + smaller(kVector<T>, 4);
  static constexpr int kGroupGap = sizeof(T) == 4 && K >= 16 ? 8 : 0;

  NEEDLE_FUNCTION static constexpr int at(int k) { return k * kStride + k / 4 * kGroupGap; }
  static constexpr int kSize = (K - 1) * kStride + (K - 1) / 4 * kGroupGap + X;
};

/// The sizes of a tile, and which part of it a thread owns: groups of numbers that are read at
/// once, as far apart as lets the groups of all threads lie next to each other.
template <class T, int M, int N, int K, int Rows, int Cols>
struct Tile {
  using Number = T;
  using Sum = Wrapping<T>;
  using SliceA = Slice<T, M, K>;
  using SliceB = Slice<T, N, K>;
  static constexpr int kM = M, kN = N, kK = K, kRows = Rows, kCols = Cols;
  static constexpr int kDown = M / Rows, kAcross = N / Cols;  // threads
  static constexpr int kThreads = kDown * kAcross;
  static constexpr int kRowGroup = smaller(kVector<T>, Rows), kColGroup = smaller(kVector<T>, Cols);

  // A warp owns 4 x 8 groups: together they take the fewest reads of shared memory.
  static constexpr int kWarpDown = 4, kWarpAcross = 8;
  static_assert(kWarpDown * kWarpAcross == kWarp);
  static_assert(kDown % kWarpDown == 0 && kAcross % kWarpAcross == 0);
  static_assert(Rows % kRowGroup == 0 && Cols % kColGroup == 0);

  /// The row and column of the tile of number (i, j) of this thread.
  static __device__ int row(int i) {
    const int warp = static_cast<int>(threadIdx.x) / kWarp / (kAcross / kWarpAcross);
    const int down = warp * kWarpDown + static_cast<int>(threadIdx.x) % kWarp / kWarpAcross;
    return (i / kRowGroup * kDown + down) * kRowGroup + i % kRowGroup;
  }
  static __device__ int col(int j) {
    const int warp = static_cast<int>(threadIdx.x) / kWarp % (kAcross / kWarpAcross);
    const int across = warp * kWarpAcross + static_cast<int>(threadIdx.x) % kWarpAcross;
    return (j / kColGroup * kAcross + across) * kColGroup + j % kColGroup;
  }
};

/// Numbers that are moved at once; where they lie is a multiple of their size.
template <class T, int Size>
struct alignas(sizeof(T) * Size) Group {
  T values[Size];
};

template <int Size, class T>
__device__ Group<T, Size> read_group(const T* from) {
  return *reinterpret_cast<const Group<T, Size>*>(from);
}
template <class T, int Size>
__device__ void write_group(T* to, const Group<T, Size>& group) {
  *reinterpret_cast<Group<T, Size>*>(to) = group;
}

/// The same in global memory. The compiler is told to write it at once: it would write results, of
/// which some may lie beyond an edge, one by one.
template <class T, int Size>
__device__ void write_result(T* to, const Group<T, Size>& group) {
  if constexpr (sizeof(group) == sizeof(uint4)) {
    uint4 words;
    memcpy(&words, &group, sizeof(words));
    __stcg(reinterpret_cast<uint4*>(to), words);
  } else {
    write_group(to, group);
  }
}

/// sums += A B for the slices in shared memory.
template <class Tile>
__device__ void multiply_slices(const typename Tile::Number* a, const typename Tile::Number* b,
                                typename Tile::Sum (&sums)[Tile::kRows][Tile::kCols]) {
  using T = typename Tile::Number;
  using Sum = typename Tile::Sum;
  const T* const from_a = a + Tile::row(0);
  const T* const from_b = b + Tile::col(0);
#pragma unroll
  for (int k = 0; k < Tile::kK; ++k) {
    T left[Tile::kRows], right[Tile::kCols];
#pragma unroll
    for (int i = 0; i < Tile::kRows; i += Tile::kRowGroup) {
      const auto group =
          read_group<Tile::kRowGroup>(from_a + Tile::SliceA::at(k) + i * Tile::kDown);
#pragma unroll
      for (int n = 0; n < Tile::kRowGroup; ++n) left[i + n] = group.values[n];
    }
#pragma unroll
    for (int j = 0; j < Tile::kCols; j += Tile::kColGroup) {
      const auto group =
          read_group<Tile::kColGroup>(from_b + Tile::SliceB::at(k) + j * Tile::kAcross);
#pragma unroll
      for (int n = 0; n < Tile::kColGroup; ++n) right[j + n] = group.values[n];
    }
#pragma unroll
    for (int i = 0; i < Tile::kRows; ++i) {
#pragma unroll
      for (int j = 0; j < Tile::kCols; ++j) sums[i][j] += Sum(left[i]) * Sum(right[j]);
    }
  }
}

/// Sets `sums` to A B of `steps` slices: number (i, j) is the one at Tile::row(i), Tile::col(j).
/// All threads of the block call it.
template <class Tile, class A, class B>
__device__ void multiply_tile(A& a, B& b, int steps,
                              typename Tile::Sum (&sums)[Tile::kRows][Tile::kCols]) {
  using T = typename Tile::Number;
  alignas(16) __shared__ T slices_a[2][(Tile::SliceA::kSize + 3) / 4 * 4];
  alignas(16) __shared__ T slices_b[2][(Tile::SliceB::kSize + 3) / 4 * 4];
#pragma unroll
  for (int i = 0; i < Tile::kRows; ++i) {
#pragma unroll
    for (int j = 0; j < Tile::kCols; ++j) sums[i][j] = 0;
  }
  if (steps > 0) {
    a.load();
    b.load();
    a.store(slices_a[0]);
    b.store(slices_b[0]);
  }
  __syncthreads();
  for (int step = 0; step < steps; ++step) {
    const int now = step % 2;
    const bool more = step + 1 < steps;
    if (more) {
      a.load();
      b.load();
    }
    multiply_slices<Tile>(slices_a[now], slices_b[now], sums);
    if (more) {
      // Nobody reads there: all have passed the barrier of the step before.
      a.store(slices_a[1 - now]);
      b.store(slices_b[1 - now]);
    }
    __syncthreads();
  }
}

}  // namespace needle::cuda
