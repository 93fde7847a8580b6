// Products of matrices, for Python.

#include <pybind11/pybind11.h>

#include <cstdint>

#include "bind/bind.h"
#include "ops/matmul.h"
#include "ops/matmul_tiled.h"

namespace py = pybind11;

namespace needle {
namespace {

View unlocked_matmul(const View& a, const View& b) {
  const bool small = a.size() + b.size() <= kUnlockAbove;
  return unlocked(small ? 0 : kUnlockAbove + 1, [&] { return matmul(a, b); });
}

View unlocked_matmul_tiled(const View& a, const View& b, std::int64_t m, std::int64_t n,
                           std::int64_t p) {
  return unlocked(a, [&] { return matmul_tiled(a, b, m, n, p); });
}

}  // namespace

void bind_matmul(py::module_& module) {
  module.attr("TILE") = device::tile_side();
  module.def("matmul", &unlocked_matmul, py::arg("a"), py::arg("b"),
             "Return the matrix products of the last two axes, (..., m, n) and (..., n, p).");
  module.def("matmul_tiled", &unlocked_matmul_tiled, py::arg("a"), py::arg("b"), py::arg("m"),
             py::arg("n"), py::arg("p"),
             "Return the product of matrices of m x n and n x p that are stored in square tiles.");
}

}  // namespace needle
