// Products of integers, which wrap: one simple tile.

#include "cuda/matmul_kernel.h"

namespace needle::cuda {

void multiply_integers(DType dtype, const ProductJob& job) {
  if (dtype == DType::uint8) {
    start_strided<Tile<std::uint8_t, 32, 32, 16, 4, 2>, 4>(job);
  } else if (dtype == DType::int32) {
    start_strided<Tile<std::int32_t, 32, 32, 16, 4, 2>, 4>(job);
  } else {
    start_strided<Tile<std::int64_t, 32, 32, 16, 4, 2>, 4>(job);
  }
}

}  // namespace needle::cuda
