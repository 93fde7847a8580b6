// Values go between NumPy's arrays and those of a GPU by copies.

#include <pybind11/numpy.h>

#include <vector>

#include "bind/bind.h"
#include "cuda/transfer.h"
#include "ops/movement.h"

namespace py = pybind11;

namespace needle {

py::array view_to_numpy(const py::object& object) {
  const View& view = needed_view(object);
  device::use(view.buffer->device());
  const std::vector<py::ssize_t> shape(view.shape.begin(), view.shape.end());
  py::array array(numpy_dtype(view.dtype), shape);
  void* const values = array.mutable_data();
  const auto bytes = static_cast<std::size_t>(array.nbytes());
  {
    py::gil_scoped_release released;
    const View compact = view.compact() ? view : copy(view);
    cuda::to_host(values, compact.bytes(), bytes);
  }
  return array;
}

void check_readable(const View&) {
  throw std::invalid_argument("an array on a GPU cannot be read where it is: use numpy()");
}

py::object view_from_numpy(const py::array& array, bool copy) {
  const DType dtype = dtype_of_numpy(array);
  if (!copy) throw std::invalid_argument("a GPU cannot share an array of NumPy, only copy it");
  // NumPy reads what only it understands: foreign byte orders, unaligned elements, any strides.
  const py::array values = py::module_::import("numpy").attr("ascontiguousarray")(
      array, py::arg("dtype") = numpy_dtype(dtype));
  Dims shape;
  for (int axis = 0; axis < array.ndim(); ++axis) shape.push_back(array.shape(axis));
  View view = View::empty(dtype, shape);
  const void* const from = values.data();
  const auto bytes = static_cast<std::size_t>(values.nbytes());
  {
    py::gil_scoped_release released;
    cuda::to_device(view.bytes(), from, bytes);
  }
  return py::cast(std::move(view));
}

}  // namespace needle
