// Copies, conversions and assignments, for Python.

#include "bind/bind.h"
#include "bind/numbers.h"
#include "ops/movement.h"

namespace py = pybind11;

namespace needle {

void bind_movement(py::module_& module) {
  module.def(
      "copy", [](const View& a) { return unlocked(a, [&] { return copy(a); }); }, py::arg("a"));
  module.def(
      "cast",
      [](const View& a, DType dtype) { return unlocked(a, [&] { return cast(a, dtype); }); },
      py::arg("a"), py::arg("dtype"));
  module.def(
      "assign", [](const View& dst, const View& src) { unlocked(dst, [&] { assign(dst, src); }); },
      py::arg("dst"), py::arg("src"));
  module.def(
      "fill",
      [](const View& dst, py::handle value) {
        const Number number = number_from_python(value, dst.dtype);
        unlocked(dst, [&] { fill(dst, number); });
      },
      py::arg("dst"), py::arg("value"));
}

}  // namespace needle
