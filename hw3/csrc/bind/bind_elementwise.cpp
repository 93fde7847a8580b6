// Elementwise operations, for Python: every line of common/ops.def under its name.

#include <algorithm>
#include <string>

#include "bind/bind.h"
#include "bind/numbers.h"
#include "ops/elementwise.h"

namespace py = pybind11;

namespace needle {
namespace {

void def_unary(py::module_& module, Unary op, const char* name) {
  module.def(
      name, [op](const View& a) { return unlocked(a, [&] { return unary(op, a); }); },
      py::arg("a"));
}

void def_binary(py::module_& module, Binary op, const std::string& name) {
  const auto work = [](const View& a, const View& b) { return std::max(a.size(), b.size()); };
  module.def(
      name.c_str(),
      [op, work](const View& a, const View& b) {
        return unlocked(work(a, b), [&] { return binary(op, a, b); });
      },
      py::arg("a"), py::arg("b"));
  module.def((name + "_scalar").c_str(),
             [op](const View& a, py::handle value, bool reflected) {
               const Number number = number_from_python(value, a.dtype);
               return unlocked(a, [&] { return binary_scalar(op, a, number, reflected); });
             },
             py::arg("a"), py::arg("value"), py::arg("reflected") = false);
  module.def((name + "_into").c_str(),
             [op](const View& out, const View& a, const View& b) {
               unlocked(out, [&] { binary_into(op, out, a, b); });
             },
             py::arg("out"), py::arg("a"), py::arg("b"));
}

}  // namespace

void bind_elementwise(py::module_& module) {
  for (int op = 0; op < kUnaries; ++op) {
    def_unary(module, static_cast<Unary>(op), kUnaryNames[op]);
  }
  for (int op = 0; op < kBinaries; ++op) {
    def_binary(module, static_cast<Binary>(op), kBinaryNames[op]);
  }
  module.def(
      "where",
      [](const View& condition, const View& a, const View& b) {
        const auto elements = std::max({condition.size(), a.size(), b.size()});
        return unlocked(elements, [&] { return where(condition, a, b); });
      },
      py::arg("condition"), py::arg("a"), py::arg("b"));
}

}  // namespace needle
