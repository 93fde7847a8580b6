// What every device has.

#include <exception>

#include "bind/bind.h"

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

void translate_type_error(std::exception_ptr error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const TypeError& type_error) {
    py::set_error(PyExc_TypeError, type_error.what());
  }
}

}  // namespace

void bind_view(py::module_& module);
void bind_making(py::module_& module);
void bind_elementwise(py::module_& module);
void bind_movement(py::module_& module);
void bind_reduce(py::module_& module);
void bind_indexing(py::module_& module);
void bind_sort(py::module_& module);
void bind_matmul(py::module_& module);
void bind_layers(py::module_& module);
void bind_conv(py::module_& module);
void bind_pool(py::module_& module);

void bind_device(py::module_& module) {
  py::register_local_exception_translator(&translate_type_error);
  module.def("memory", &memory, "Return the bytes in use, cached and in use at most.");
  module.def("release_memory", &release_cached_memory, "Give cached memory back to the system.");
  bind_view(module);
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

}  // namespace needle
