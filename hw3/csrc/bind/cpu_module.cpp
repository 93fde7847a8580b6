// What Python sees of the C++ device: `needle_hw3._cpu`. Bindings hold no loops, kernels no Python.

#include <pybind11/stl.h>

#include "bind/bind.h"
#include "cpu/isa.h"
#include "cpu/parallel.h"

namespace py = pybind11;

PYBIND11_MODULE(NEEDLE_MODULE, module) {
  using namespace needle;
  module.doc() = "Arrays and their kernels in C++.";
  bind_device(module);
  module.attr("ON_HOST") = true;
  module.def("num_threads", &num_threads, "Return how many threads kernels may use.");
  module.def("set_num_threads", &set_num_threads, py::arg("threads"),
             py::call_guard<py::gil_scoped_release>(), "Set how many threads kernels may use.");
  module.def("synchronize", [] {}, "Do nothing: work is done when a function returns.");
  module.def("isas", &available_isas, "Return the instruction sets that can be asked for.");
  module.def("isa", &current_isa_name, "Return the instruction set in use.");
  module.def("set_isa", &set_isa, py::arg("name"), "Use another instruction set, for tests.");
}
