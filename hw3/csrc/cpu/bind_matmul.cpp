// Products of matrices, for Python.

#include <pybind11/pybind11.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "cpu/bind.h"
#include "cpu/matmul.h"
#include "cpu/matmul_tiled.h"
#include "cpu/movement.h"

namespace py = pybind11;

namespace needle {
namespace {

View unlocked_matmul(const View& a, const View& b) {
  const bool small = a.size() + b.size() <= kUnlockAbove;
  return unlocked(small ? 0 : kUnlockAbove + 1, [&] { return matmul(a, b); });
}

Dims tiles_of(std::int64_t rows, std::int64_t cols) {
  Dims shape(4, kTile);
  shape[0] = rows / kTile;
  shape[1] = cols / kTile;
  return shape;
}

void check_tiled(const View& a, const View& b, std::int64_t m, std::int64_t n, std::int64_t p) {
  const bool whole = m % kTile == 0 && n % kTile == 0 && p % kTile == 0;
  if (!whole || !(a.shape == tiles_of(m, n)) || !(b.shape == tiles_of(n, p))) {
    const std::string side = std::to_string(kTile), shared = std::to_string(n);
    throw std::invalid_argument("shapes " + to_string(a.shape) + " and " + to_string(b.shape) +
                                " are no tiles of " + side + " x " + side + " of matrices " +
                                std::to_string(m) + " x " + shared + " and " + shared + " x " +
                                std::to_string(p));
  }
  if (a.dtype != DType::float32 || b.dtype != DType::float32) {
    throw TypeError(std::string("matmul_tiled takes float32, not ") + name_of(a.dtype) + " and " +
                    name_of(b.dtype));
  }
}

View checked_matmul_tiled(const View& a, const View& b, std::int64_t m, std::int64_t n,
                          std::int64_t p) {
  check_tiled(a, b, m, n, p);
  return unlocked(a, [&] {
    const View left = a.compact() ? a : copy(a), right = b.compact() ? b : copy(b);
    View c = View::empty(DType::float32, tiles_of(m, p));
    matmul_tiled(left.data<float>(), right.data<float>(), c.data<float>(), m / kTile, n / kTile,
                 p / kTile);
    return c;
  });
}

}  // namespace

void bind_matmul(py::module_& module) {
  module.attr("TILE") = kTile;
  module.def("matmul", &unlocked_matmul, py::arg("a"), py::arg("b"),
             "Return the matrix products of the last two axes, (..., m, n) and (..., n, p).");
  module.def("matmul_tiled", &checked_matmul_tiled, py::arg("a"), py::arg("b"), py::arg("m"),
             py::arg("n"), py::arg("p"),
             "Return the product of matrices of m x n and n x p that are stored in square tiles.");
}

}  // namespace needle
