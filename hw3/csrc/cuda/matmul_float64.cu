// Products of float64.

#include "cuda/matmul_kernel.h"

namespace needle::cuda {

// A number takes two registers: a thread has half of the sums of the large tile of float32.
void multiply_float64(TileSize tile, const ProductJob& job) {
  if (tile.rows == 64) return start_tile<Tile<double, 64, 64, 8, 8, 4>, 3>(job);
  start_strided<Tile<double, 32, 32, 16, 4, 2>, 4>(job);
}

}  // namespace needle::cuda
