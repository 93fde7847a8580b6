#include "ops/matmul_tiled.h"

#include <stdexcept>
#include <string>

#include "common/errors.h"
#include "ops/movement.h"

namespace needle {
namespace {

Dims tiles_of(std::int64_t rows, std::int64_t cols) {
  const std::int64_t side = device::tile_side();
  Dims shape(4, side);
  shape[0] = rows / side;
  shape[1] = cols / side;
  return shape;
}

void check_tiled(const View& a, const View& b, std::int64_t m, std::int64_t n, std::int64_t p) {
  const std::int64_t side = device::tile_side();
  const bool whole = m % side == 0 && n % side == 0 && p % side == 0;
  if (!whole || !(a.shape == tiles_of(m, n)) || !(b.shape == tiles_of(n, p))) {
    const std::string text = std::to_string(side), shared = std::to_string(n);
    throw std::invalid_argument("shapes " + to_string(a.shape) + " and " + to_string(b.shape) +
                                " are no tiles of " + text + " x " + text + " of matrices " +
                                std::to_string(m) + " x " + shared + " and " + shared + " x " +
                                std::to_string(p));
  }
  if (a.dtype != DType::float32 || b.dtype != DType::float32) {
    throw TypeError(std::string("matmul_tiled takes float32, not ") + name_of(a.dtype) + " and " +
                    name_of(b.dtype));
  }
}

}  // namespace

View matmul_tiled(const View& a, const View& b, std::int64_t m, std::int64_t n, std::int64_t p) {
  check_tiled(a, b, m, n, p);
  const View left = a.compact() ? a : copy(a), right = b.compact() ? b : copy(b);
  View c = View::empty(DType::float32, tiles_of(m, p));
  const std::int64_t side = device::tile_side();
  device::matmul_tiled(left.data<float>(), right.data<float>(), c.data<float>(), m / side, n / side,
                       p / side);
  return c;
}

}  // namespace needle
