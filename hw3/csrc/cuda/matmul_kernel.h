#pragma once
// The kernel for products of matrices, of every type and tile: each block computes a tile of C, or
// a part of the sum for it.

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/divide.h"
#include "cuda/gemm_load.h"
#include "cuda/gemm_tile.h"
#include "cuda/launch.h"
#include "cuda/matmul_job.h"
#include "cuda/offsets.h"

namespace needle::cuda {

/// The first matrices of a batch.
template <class T>
struct ProductArguments {
  const T *a, *b;
  T* c;
  std::int64_t m, k, n;
  std::int64_t a_row_stride, a_col_stride, b_row_stride, b_col_stride;
  std::int64_t depth, part_size;
  std::int64_t count;  // of products

  explicit ProductArguments(const ProductJob& job)
      : a(reinterpret_cast<const T*>(job.a.data)),
        b(reinterpret_cast<const T*>(job.b.data)),
        c(reinterpret_cast<T*>(job.c)),
        m(job.m),
        k(job.k),
        n(job.n),
        a_row_stride(job.a.row_stride),
        a_col_stride(job.a.col_stride),
        b_row_stride(job.b.row_stride),
        b_col_stride(job.b.col_stride),
        depth(job.depth),
        part_size(job.part_size),
        count(needle::count(job.batch.shape)) {}
};

/// Blocks in y and z count the products: a grid has at most 65535 in each.
inline constexpr std::int64_t kProductsInY = 32768;

/// Writes a tile whose first number is `c`, of `rows` x `cols` numbers that lie in C. Groups are
/// written at once if rows are a multiple of them: then none crosses an edge, and all are aligned.
template <class Tile>
__device__ void write_tile(const typename Tile::Sum (&sums)[Tile::kRows][Tile::kCols],
                           typename Tile::Number* c, std::int64_t row_stride, int rows, int cols) {
  using T = typename Tile::Number;
  constexpr int kSize = Tile::kColGroup;
  const bool whole = row_stride % kSize == 0;
#pragma unroll
  for (int i = 0; i < Tile::kRows; ++i) {
    if (Tile::row(i) >= rows) continue;
    T* const to = c + Tile::row(i) * row_stride;
#pragma unroll
    for (int j = 0; j < Tile::kCols; j += kSize) {
      const int col = Tile::col(j);
      if (whole) {
        Group<T, kSize> group;
#pragma unroll
        for (int s = 0; s < kSize; ++s) group.values[s] = static_cast<T>(sums[i][j + s]);
        if (col < cols) write_result(to + col, group);
      } else {
#pragma unroll
        for (int s = 0; s < kSize; ++s) {
          if (col + s < cols) to[col + s] = static_cast<T>(sums[i][j + s]);
        }
      }
    }
  }
}

/// The smaller number, which is below 2^31.
NEEDLE_FUNCTION inline int at_most(std::int64_t number, std::int64_t limit) {
  return static_cast<int>(number < limit ? number : limit);
}

/// Where a tile goes, and how much of it lies in C.
template <class T>
struct Target {
  T* first;
  int rows, cols;
};

/// Neighbours among blocks are neighbours in a row of C: together they read a band of A once, and
/// what they read of B is in the second cache for the next band.
template <class Tile, class LoaderA, class LoaderB, int kBlocks>
__global__ void __launch_bounds__(Tile::kThreads, kBlocks)
    matmul_kernel(ProductArguments<typename Tile::Number> p, Offsets<3> batch, Divider row_tiles,
                  Divider col_tiles) {
  using T = typename Tile::Number;
  const std::uint32_t line = col_tiles.divide(blockIdx.x);
  const std::uint32_t part = row_tiles.divide(line);
  const std::int64_t col = std::int64_t{blockIdx.x - line * col_tiles.divisor()} * Tile::kN;
  const std::int64_t row = std::int64_t{line - part * row_tiles.divisor()} * Tile::kM;
  const std::int64_t product = blockIdx.z * kProductsInY + blockIdx.y;
  if (product >= p.count) return;  // the whole block
  std::int64_t at[3];
  batch.at(static_cast<std::uint32_t>(product), at);
  const std::int64_t begin = part * p.depth;
  const int depth = at_most(p.k - begin, p.depth);
  const int rows = at_most(p.m - row, Tile::kM), cols = at_most(p.n - col, Tile::kN);
  const T* const from_a = p.a + at[1] + row * p.a_row_stride + begin * p.a_col_stride;
  const T* const from_b = p.b + at[2] + begin * p.b_row_stride + col * p.b_col_stride;
  LoaderA a({from_a, p.a_row_stride, p.a_col_stride, rows, depth});
  LoaderB b({from_b, p.b_col_stride, p.b_row_stride, cols, depth});
  // Not kept in registers, which the sums need; multiply_tile has barriers.
  __shared__ Target<T> target;
  if (threadIdx.x == 0) {
    target = {p.c + part * p.part_size + at[0] + row * p.n + col, rows, cols};
  }
  typename Tile::Sum sums[Tile::kRows][Tile::kCols];
  multiply_tile<Tile>(a, b, (depth + Tile::kK - 1) / Tile::kK, sums);
  write_tile<Tile>(sums, target.first, p.n, target.rows, target.cols);
}

template <class Tile, class LoaderA, class LoaderB, int kBlocks>
void start_product(const ProductJob& job) {
  const std::int64_t row_tiles = ceil_div(job.m, Tile::kM), col_tiles = ceil_div(job.n, Tile::kN);
  const std::int64_t count = needle::count(job.batch.shape);
  const Size3 blocks = {job.parts * row_tiles * col_tiles,
                        count < kProductsInY ? count : kProductsInY, ceil_div(count, kProductsInY)};
  launch("matmul", matmul_kernel<Tile, LoaderA, LoaderB, kBlocks>, blocks, {Tile::kThreads},
         ProductArguments<typename Tile::Number>(job), Offsets<3>(job.batch), Divider(row_tiles),
         Divider(col_tiles));
}

/// Starts the kernel of a tile, with loads of `kSize` numbers; `kBlocks` of it should run on a
/// multiprocessor at once, which bounds the registers of a thread.
template <class Tile, int kBlocks, int kSize, bool kAlongA, bool kAlongB>
void start_along(const ProductJob& job) {
  using T = typename Tile::Number;
  start_product<Tile, MatrixLoader<typename Tile::SliceA, T, Tile::kThreads, kAlongA, kSize>,
                MatrixLoader<typename Tile::SliceB, T, Tile::kThreads, kAlongB, kSize>, kBlocks>(
      job);
}

template <class Tile, int kBlocks, int kSize = 1>
void start_strided(const ProductJob& job) {
  if (job.a_along_k && job.b_along_k) return start_along<Tile, kBlocks, kSize, true, true>(job);
  if (job.a_along_k) return start_along<Tile, kBlocks, kSize, true, false>(job);
  if (job.b_along_k) return start_along<Tile, kBlocks, kSize, false, true>(job);
  start_along<Tile, kBlocks, kSize, false, false>(job);
}

/// The same with vector loads where the job allows them.
template <class Tile, int kBlocks>
void start_tile(const ProductJob& job) {
  if (!job.vector_loads) return start_strided<Tile, kBlocks>(job);
  start_strided<Tile, kBlocks, kVector<typename Tile::Number>>(job);
}

}  // namespace needle::cuda
