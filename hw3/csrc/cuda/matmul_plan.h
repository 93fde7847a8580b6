#pragma once
// Which kernel multiplies matrices of which sizes.

#include <cstdint>

#include "common/dtype.h"

namespace needle::cuda {

/// How products are cut: into square tiles of C, and the sum into parts, which other blocks of the
/// GPU take. Then each part has its own C, and a second kernel adds these in order.
struct Plan {
  int tile = 32;
  std::int64_t depth = 0;  // of a part: a multiple of kPartUnit, unless there is one part
  std::int64_t parts = 1;
};

/// The sizes of tiles that there are; float64 has the last two, integers the last one.
inline constexpr int kTileSides[] = {128, 64, 32};

/// Parts begin at multiples of it: whole steps of every tile, and places of vector loads.
inline constexpr std::int64_t kPartUnit = 32;

/// The plan for `count` products of m x k times k x n. It depends on nothing else, so that results
/// do not depend on the GPU.
Plan plan_product(DType dtype, std::int64_t count, std::int64_t m, std::int64_t k, std::int64_t n);

/// The plan for `count` products of a matrix of rows x k and a vector: `tile` is the number of
/// warps that share a row.
Plan plan_vector(std::int64_t count, std::int64_t rows, std::int64_t k, bool along_k);

/// For tests: takes tiles of that side, and that many parts, whatever the sizes are; 0 leaves the
/// choice to the plan. Throws std::invalid_argument for a side that there is not.
void set_plan(int tile, std::int64_t parts);

}  // namespace needle::cuda
