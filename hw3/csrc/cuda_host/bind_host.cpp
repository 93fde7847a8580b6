// What tests in Python set of the execution on the host: a second module in the file of
// `_cuda_host`, so that this one has nothing that `_cuda` lacks.

#include <pybind11/pybind11.h>

#include "cuda_host/host_execution.h"

namespace py = pybind11;

PYBIND11_MODULE(_cuda_host_execution, module) {
  module.doc() = "How the kernels of _cuda_host run.";
  module.def("set_order", &needle::host::set_order, py::arg("seed"),
             "Run blocks and threads in an order drawn from `seed`; 0 is the ascending one.");
  module.def("set_checks", &needle::host::set_checks, py::arg("on"),
             "Switch the checks of accesses to memory on or off.");
}
