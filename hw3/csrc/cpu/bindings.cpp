// What Python sees of the C++ device: `needle_hw3._cpu`. Bindings hold no loops, kernels no Python.

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <exception>

#include "cpu/bind.h"
#include "cpu/buffer.h"
#include "cpu/isa.h"
#include "cpu/parallel.h"

namespace py = pybind11;

namespace needle {
namespace {

py::dict memory() {
  const AllocatorStatistics statistics = allocator_statistics();
  py::dict result;
  result["in_use"] = statistics.in_use;
  result["cached"] = statistics.cached;
  result["peak"] = statistics.peak;
  return result;
}

void bind_runtime(py::module_& module) {
  module.def("num_threads", &num_threads, "Return how many threads kernels may use.");
  module.def("set_num_threads", &set_num_threads, py::arg("threads"),
             py::call_guard<py::gil_scoped_release>(), "Set how many threads kernels may use.");
  module.def("isas", &available_isas, "Return the instruction sets that can be asked for.");
  module.def("isa", &current_isa_name, "Return the instruction set in use.");
  module.def("set_isa", &set_isa, py::arg("name"), "Use another instruction set, for tests.");
  module.def("memory", &memory, "Return the bytes in use, cached and in use at most.");
  module.def("release_memory", &release_cached_memory, "Give cached memory back to the system.");
}

void translate_type_error(std::exception_ptr error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const TypeError& type_error) {
    py::set_error(PyExc_TypeError, type_error.what());
  }
}

}  // namespace
}  // namespace needle

PYBIND11_MODULE(_cpu, module) {
  using namespace needle;
  module.doc() = "Arrays and their kernels in C++.";
  py::register_local_exception_translator(&translate_type_error);
  bind_view(module);
  bind_runtime(module);
  bind_making(module);
  bind_movement(module);
  bind_elementwise(module);
  bind_reduce(module);
  bind_indexing(module);
  bind_sort(module);
  bind_matmul(module);
  bind_layers(module);
  bind_conv(module);
  bind_pool(module);
}
