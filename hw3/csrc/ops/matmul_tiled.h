#pragma once
// The product of matrices that are stored in tiles: the idea of the fast product, in its simplest
// form.

#include <cstdint>

#include "common/view.h"

namespace needle {

/// C = A B for matrices of m x n and n x p whose square tiles lie one after the other: `a` has the
/// shape (m / T, n / T, T, T), for tiles of T x T, `b` (n / T, p / T, T, T) and the result
/// (m / T, p / T, T, T).
///
/// Throws std::invalid_argument for other shapes and for sizes that are no multiples of T,
/// TypeError for other dtypes than float32, std::bad_alloc.
View matmul_tiled(const View& a, const View& b, std::int64_t m, std::int64_t n, std::int64_t p);

namespace device {

/// The side of a tile, which the device chooses.
int tile_side();

/// The product of row-major arrays without gaps; sizes count tiles.
void matmul_tiled(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n,
                  std::int64_t p);

}  // namespace device
}  // namespace needle
