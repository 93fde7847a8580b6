// A product of matrices is the same sum of products, whether its elements are numbers or tiles:
//
//   C[i][j] = A[i][0] B[0][j] + A[i][1] B[1][j] + ...
//
// An element of a matrix is read once for each row or column of the result: from far away, if the
// matrix is large. A tile is read as seldom as that, but each of its elements is then used kTile
// times while it is near. And a tile is contiguous: it fills lines of the cache that hold nothing
// else. What the fast product does beyond that is in matmul_isa.cpp and matmul_blocks.h.

#include "ops/matmul_tiled.h"

#include <algorithm>

namespace needle {
namespace {

constexpr int kTile = 8;  // three tiles of float together fit in any first cache
constexpr int kTileSize = kTile * kTile;

/// C += A B for one tile of each. All sizes are known to the compiler, and the innermost loop goes
/// along rows of B and C: it becomes a few instructions on whole vectors.
void add_product_of_tiles(const float* a, const float* b, float* c) {
  for (int i = 0; i < kTile; ++i) {
    for (int k = 0; k < kTile; ++k) {
      for (int j = 0; j < kTile; ++j) c[i * kTile + j] += a[i * kTile + k] * b[k * kTile + j];
    }
  }
}

}  // namespace

int device::tile_side() {
  return kTile;
}

void device::matmul_tiled(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n,
                          std::int64_t p) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < p; ++j) {
      float sum[kTileSize] = {};  // here the compiler knows that it is neither A nor B
      for (std::int64_t k = 0; k < n; ++k) {
        add_product_of_tiles(a + (i * n + k) * kTileSize, b + (k * p + j) * kTileSize, sum);
      }
      std::copy(sum, sum + kTileSize, c + (i * p + j) * kTileSize);
    }
  }
}

}  // namespace needle
