#pragma once
// Which kernel multiplies matrices of which sizes.

#include <cstdint>

#include "common/dtype.h"

namespace needle::cuda {

/// The tile of C that a block computes.
struct TileSize {
  int rows = 32, cols = 32;
};
/// All that there are. float64 has the last two, integers the last one.
inline constexpr TileSize kTileSizes[] = {{128, 128}, {128, 16}, {16, 128}, {64, 64}, {32, 32}};

/// How products are cut: into tiles of C, and the sum into parts, which other blocks of the GPU
/// take. Then each part has its own C, and a second kernel adds these in order.
struct Plan {
  TileSize tile;
  int sharing = 1;         // of vectors: the warps that share a row
  std::int64_t depth = 0;  // of a part: a multiple of kPartUnit, unless there is one part
  std::int64_t parts = 1;
};

/// Parts begin at multiples of it: whole steps of every tile, and places of vector loads.
inline constexpr std::int64_t kPartUnit = 32;

/// The plan for `count` products of m x k times k x n. It depends on nothing else, so that results
/// do not depend on the GPU.
Plan plan_product(DType dtype, std::int64_t count, std::int64_t m, std::int64_t k, std::int64_t n);

/// The plan for `count` products of a matrix of rows x k, which lie along k or do not, and a
/// vector.
Plan plan_vector(std::int64_t count, std::int64_t rows, std::int64_t k, bool along_k);

/// For tests: takes tiles of that size, if the dtype has them, and that many parts, whatever the
/// sizes of the matrices are; 0 leaves the choice to the plan. Throws std::invalid_argument for
/// tiles that there are not.
void set_plan(int tile_rows, int tile_cols, std::int64_t parts);

}  // namespace needle::cuda
