// New views, from nothing and from NumPy.

#include "bind/bind.h"
#include "bind/numbers.h"
#include "ops/movement.h"

namespace py = pybind11;

namespace needle {
namespace {

View full(DType dtype, const Dims& shape, const py::object& value) {
  const Number number = number_from_python(value, dtype);
  return unlocked(count(shape), [&] {
    const View view = View::empty(dtype, shape);
    fill(view, number);
    return view;
  });
}

}  // namespace

void bind_making(py::module_& module) {
  module.def("empty", &View::empty, py::arg("dtype"), py::arg("shape"),
             "Return a new row-major view whose values are not set.");
  module.def("full", &full, py::arg("dtype"), py::arg("shape"), py::arg("value"),
             "Return a new row-major view filled with `value`.");
  module.def("from_numpy", &view_from_numpy, py::arg("array"), py::arg("copy"),
             "Return a view of a copy of an ndarray, or of its own memory.");
  module.def("may_overlap", &may_overlap, py::arg("a"), py::arg("b"),
             "Return whether two views may share elements.");
}

}  // namespace needle
