// What Python sees of GPUs: `needle_hw3._cuda`. Bindings hold no loops, kernels no Python.

#include "bind/bind.h"
#include "cuda/devices.h"

namespace py = pybind11;

PYBIND11_MODULE(NEEDLE_MODULE, module) {
  using namespace needle;
  module.doc() = "Arrays and their kernels in CUDA.";
  bind_device(module);
  module.def("why_disabled", &cuda::why_disabled,
             "Return why no GPU can be used; an empty string if one can.");
  module.def("device_count", &cuda::device_count, "Return the number of GPUs.");
  module.def("use", &device::use, py::arg("device"),
             "Make new arrays on that GPU, in this thread.");
  module.def("synchronize", &cuda::synchronize, py::call_guard<py::gil_scoped_release>(),
             "Wait for all work of the current GPU.");
}
