// Reductions, for Python.

#include "bind/bind.h"
#include "ops/reduce.h"

namespace py = pybind11;

namespace needle {
namespace {

void def_reduction(py::module_& module, const char* name, Reduction op) {
  module.def(
      name,
      [op](const View& a, const Dims& axes, bool keepdims) {
        return unlocked(a, [&] { return reduce(op, a, axes, keepdims); });
      },
      py::arg("a"), py::arg("axes"), py::arg("keepdims"));
}

void def_along_axis(py::module_& module, const char* name,
                    View (*function)(const View&, std::int64_t)) {
  module.def(
      name,
      [function](const View& a, std::int64_t axis) {
        return unlocked(a, [&] { return function(a, axis); });
      },
      py::arg("a"), py::arg("axis"));
}

}  // namespace

void bind_reduce(py::module_& module) {
  def_reduction(module, "sum", Reduction::sum);
  def_reduction(module, "prod", Reduction::prod);
  def_reduction(module, "max", Reduction::max);
  def_reduction(module, "min", Reduction::min);
  def_reduction(module, "any", Reduction::any);
  def_reduction(module, "all", Reduction::all);
  def_along_axis(module, "argmax", argmax);
  def_along_axis(module, "argmin", argmin);
  def_along_axis(module, "cumulative_sum", cumulative_sum);
  def_along_axis(module, "cumulative_prod", cumulative_prod);
}

}  // namespace needle
