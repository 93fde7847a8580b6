// Sorting, for Python.

#include "bind/bind.h"
#include "ops/sort.h"

namespace py = pybind11;

namespace needle {
namespace {

void def_sort(py::module_& module, const char* name,
              View (*function)(const View&, std::int64_t, bool)) {
  module.def(
      name,
      [function](const View& a, std::int64_t axis, bool descending) {
        return unlocked(a, [&] { return function(a, axis, descending); });
      },
      py::arg("a"), py::arg("axis"), py::arg("descending"));
}

}  // namespace

void bind_sort(py::module_& module) {
  def_sort(module, "sort", sort);
  def_sort(module, "argsort", argsort);
}

}  // namespace needle
