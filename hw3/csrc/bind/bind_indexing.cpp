// Indexing by arrays, for Python.

#include <pybind11/stl.h>

#include <vector>

#include "bind/bind.h"
#include "ops/indexing.h"

namespace py = pybind11;

namespace needle {
namespace {

using Indices = std::vector<View>;

void def_take(py::module_& module, const char* name,
              View (*function)(const View&, const View&, std::int64_t)) {
  module.def(
      name,
      [function](const View& a, const View& indices, std::int64_t axis) {
        return unlocked(a.size() + indices.size(), [&] { return function(a, indices, axis); });
      },
      py::arg("a"), py::arg("indices"), py::arg("axis"));
}

void def_scatter(py::module_& module, const char* name,
                 void (*function)(const View&, const Indices&, const View&)) {
  module.def(
      name,
      [function](const View& a, const Indices& indices, const View& values) {
        return unlocked(a.size() + values.size(), [&] { return function(a, indices, values); });
      },
      py::arg("a"), py::arg("indices"), py::arg("values"));
}

}  // namespace

void bind_indexing(py::module_& module) {
  def_take(module, "take", take);
  def_take(module, "take_along_axis", take_along_axis);
  module.def(
      "gather",
      [](const View& a, const Indices& indices) {
        return unlocked(a, [&] { return gather(a, indices); });
      },
      py::arg("a"), py::arg("indices"));
  def_scatter(module, "scatter", scatter);
  def_scatter(module, "scatter_add", scatter_add);
  module.def(
      "nonzero", [](const View& a) { return unlocked(a, [&] { return nonzero(a); }); },
      py::arg("a"));
}

}  // namespace needle
