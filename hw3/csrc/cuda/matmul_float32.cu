// Products of float32. Sums are exact to float32: no tensor cores, which would round A and B.

#include "cuda/matmul_kernel.h"

namespace needle::cuda {

using Large = Tile<float, 128, 128, 8, 8, 8>;
using Middle = Tile<float, 64, 64, 16, 8, 4>;

// Large: a thread's 8 x 8 sums, and what is on its way, fill 128 registers: two blocks of 256
// threads have all that a multiprocessor has. In each step it reads 16 numbers from shared memory
// for 64 multiplications. Loads of single numbers would need a few registers more: for these, the
// middle tile takes its place.
// Small: long slices, so that many loads are on their way in the few steps there are.
void multiply_float32(TileSize tile, const ProductJob& job) {
  if (tile.rows > tile.cols) return start_strided<Tile<float, 128, 16, 16, 8, 2>, 4>(job);
  if (tile.rows < tile.cols) return start_strided<Tile<float, 16, 128, 16, 2, 8>, 4>(job);
  if (tile.rows == 128 && job.vector_loads) return start_strided<Large, 2, kVector<float>>(job);
  if (tile.rows >= 64) return start_tile<Middle, 4>(job);
  start_strided<Tile<float, 32, 32, 32, 4, 2>, 6>(job);
}

}  // namespace needle::cuda
