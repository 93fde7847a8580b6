// The product of matrices that are stored in tiles, as kernels begin to be fast: each tile is read
// into memory that the threads of a block share, and each of its numbers is then used as often as a
// tile has rows. The fast product (gemm_tile.h) does the same with larger tiles, and once more with
// registers.

#include "cuda/divide.h"
#include "cuda/launch.h"
#include "ops/matmul_tiled.h"

namespace needle::cuda {
namespace {

constexpr int kTile = 4;
constexpr int kTileSize = kTile * kTile;
constexpr int kTiles = 16;  // of a row of C, that a block computes, each with kTileSize threads

/// Thread (j, i, t) computes number (i, j) of tile t of the block's; sizes count tiles.
__global__ void __launch_bounds__(kTileSize* kTiles)
    tiled_kernel(const float* a, const float* b, float* c, std::int64_t n, std::int64_t p,
                 Divider blocks_across) {
  __shared__ float tile_a[kTileSize], tiles_b[kTiles][kTileSize];
  const std::uint32_t row = blocks_across.divide(blockIdx.x);
  const std::int64_t first = std::int64_t{blockIdx.x - row * blocks_across.divisor()} * kTiles;
  const std::int64_t col = first + threadIdx.z;
  const int i = static_cast<int>(threadIdx.y), j = static_cast<int>(threadIdx.x);
  const int place = i * kTile + j;  // in a tile
  float sum = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    if (threadIdx.z == 0) tile_a[place] = a[(row * n + k) * kTileSize + place];
    if (col < p) tiles_b[threadIdx.z][place] = b[(k * p + col) * kTileSize + place];
    __syncthreads();
    if (col < p) {
      for (int s = 0; s < kTile; ++s) {
        sum += tile_a[i * kTile + s] * tiles_b[threadIdx.z][s * kTile + j];
      }
    }
    __syncthreads();  // before the tiles are overwritten
  }
  if (col < p) c[(row * p + col) * kTileSize + place] = sum;
}

}  // namespace
}  // namespace needle::cuda

namespace needle {

int device::tile_side() {
  return cuda::kTile;
}

void device::matmul_tiled(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n,
                          std::int64_t p) {
  const std::int64_t across = cuda::ceil_div(p, cuda::kTiles);
  if (m == 0 || across == 0) return;
  cuda::launch("matmul_tiled", cuda::tiled_kernel, {m * across},
               {cuda::kTile, cuda::kTile, cuda::kTiles}, a, b, c, n, p, cuda::Divider(across));
}

}  // namespace needle
