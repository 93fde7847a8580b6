#pragma once
// The product of matrices that are stored in tiles: the idea of the fast product, in its simplest
// form.

#include <cstdint>

namespace needle {

/// The side of a square tile. Three tiles of float together fit in any first cache.
inline constexpr int kTile = 8;

/// C = A B, for matrices in tiles: `a` has shape (m, n, kTile, kTile), `b` (n, p, kTile, kTile) and
/// `c` (m, p, kTile, kTile), row-major without gaps. Sizes count tiles.
void matmul_tiled(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n,
                  std::int64_t p);

}  // namespace needle
