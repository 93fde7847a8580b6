// What Python sees of GPUs: `needle_hw3._cuda`. Bindings hold no loops, kernels no Python.

#include <pybind11/stl.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "bind/bind.h"
#include "cuda/cublas.h"
#include "cuda/devices.h"
#include "cuda/matmul_plan.h"

namespace py = pybind11;

namespace needle {

void bind_dlpack(py::module_& module);

namespace {

void set_threads(int threads) {
  if (threads < 1) {
    throw std::invalid_argument("the number of threads is at least 1, not " +
                                std::to_string(threads));
  }
}

void set_architecture(const std::string& name) {
  if (name == cuda::architecture()) return;
  throw std::invalid_argument("instruction set '" + name + "' is not available: only " +
                              cuda::architecture());
}

}  // namespace
}  // namespace needle

PYBIND11_MODULE(NEEDLE_MODULE, module) {
  using namespace needle;
  module.doc() = "Arrays and their kernels in CUDA.";
  bind_device(module);
  bind_dlpack(module);
  module.attr("ON_HOST") = false;
  module.attr("WITHOUT_OPERANDS") =
      py::make_tuple("empty", "full", "from_numpy", "memory", "release_memory", "synchronize",
                     "isa", "isas", "set_isa");
  module.def("why_disabled", &cuda::why_disabled,
             "Return why no GPU can be used; an empty string if one can.");
  module.def("device_count", &cuda::device_count, "Return the number of GPUs.");
  module.def("use", &device::use, py::arg("device"), "Let this thread make arrays on that GPU.");
  module.def("synchronize", &cuda::synchronize, py::call_guard<py::gil_scoped_release>(),
             "Wait for all work of the current GPU.");
  // Of the host, work takes one thread: it only starts kernels.
  module.def("num_threads", [] { return 1; }, "Return 1.");
  module.def("set_num_threads", &set_threads, py::arg("threads"), "Do nothing.");
  module.def("isa", &cuda::architecture, "Return the architecture of the current GPU: sm_90, say.");
  module.def("isas", [] { return std::vector{cuda::architecture()}; }, "Return it in a list.");
  module.def("set_isa", &set_architecture, py::arg("name"), "Accept nothing but `isa()`.");
  module.def("set_matmul", &cuda::set_matmul, py::arg("name"),
             "Choose whose matrix products are used: \"needle\" or \"cublas\".");
  module.def("matmul_backend", &cuda::matmul_backend,
             "Return whose matrix products are used: \"needle\" or \"cublas\".");
  module.def("set_matmul_plan", &cuda::set_plan, py::arg("tile_rows"), py::arg("tile_cols"),
             py::arg("parts"), "Fix how products are cut, for tests; 0 leaves it to their sizes.");
}
