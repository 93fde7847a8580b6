// New views, from nothing and from NumPy.

#include <pybind11/numpy.h>

#include <string>

#include "cpu/bind.h"
#include "cpu/movement.h"
#include "cpu/numbers.h"

namespace py = pybind11;

namespace needle {
namespace {

/// Gives a reference to an array back, from any thread.
class Keeper {
 public:
  explicit Keeper(const py::array& array) : array_(py::array(array).release().ptr()) {}
  void operator()() const {
    py::gil_scoped_acquire lock;
    Py_DECREF(array_);
  }

 private:
  PyObject* array_;
};

/// The dtype of `array`, or ValueError.
DType dtype_of_numpy(const py::array& array) {
  const char kind = array.dtype().kind();
  for (DType dtype : kAllDTypes) {
    const py::dtype same = numpy_dtype(dtype);
    if (same.kind() == kind && static_cast<std::size_t>(array.itemsize()) == item_size(dtype)) {
      return dtype;
    }
  }
  throw std::invalid_argument("no dtype here is NumPy's " +
                              py::str(array.dtype()).cast<std::string>());
}

/// Throws std::invalid_argument unless kernels can read the elements of `array` where they are.
void check_can_be_shared(const py::array& array) {
  const auto item = static_cast<std::int64_t>(array.itemsize());
  const char order = array.dtype().byteorder();
  if (order != '=' && order != '|') {
    throw std::invalid_argument("an array in foreign byte order cannot be shared, only copied");
  }
  if (reinterpret_cast<std::uintptr_t>(array.data()) % item != 0) {
    throw std::invalid_argument("an array that is not aligned cannot be shared, only copied");
  }
  for (int axis = 0; axis < array.ndim(); ++axis) {
    if (array.shape(axis) > 1 && array.strides(axis) % item != 0) {
      throw std::invalid_argument("an array cannot be shared whose stride of " +
                                  std::to_string(array.strides(axis)) +
                                  " bytes is no multiple of its item size " + std::to_string(item));
    }
  }
}

/// A view of the memory of `array`, from its lowest element to its highest.
View borrow(const py::array& array) {
  View view;
  view.dtype = dtype_of_numpy(array);
  check_can_be_shared(array);
  view.writable = array.writeable();
  const auto item = static_cast<std::int64_t>(item_size(view.dtype));
  for (int axis = 0; axis < array.ndim(); ++axis) {
    view.shape.push_back(array.shape(axis));
    view.strides.push_back(array.strides(axis) / item);
  }
  const Reach reached = reach(view.shape, view.strides);
  view.offset = -reached.low;
  const std::int64_t elements = reached.high - reached.low + 1;
  char* lowest = static_cast<char*>(const_cast<void*>(array.data())) + reached.low * item;
  view.buffer =
      BufferRef(Buffer::borrow(lowest, static_cast<std::size_t>(elements * item), Keeper(array)));
  return view;
}

py::object from_numpy(const py::array& array, bool copy) {
  if (!copy) return py::cast(borrow(array));
  Dims shape;
  for (int axis = 0; axis < array.ndim(); ++axis) shape.push_back(array.shape(axis));
  py::object view = py::cast(View::empty(dtype_of_numpy(array), shape));
  // NumPy reads what only it understands: foreign byte orders, unaligned elements.
  py::module_::import("numpy").attr("copyto")(view_to_numpy(view), array);
  return view;
}

View full(DType dtype, const Dims& shape, const py::object& value) {
  const Number number = number_from_python(value, dtype);
  return unlocked(count(shape), [&] {
    const View view = View::empty(dtype, shape);
    fill(view, number);
    return view;
  });
}

}  // namespace

void bind_making(py::module_& module) {
  module.def("empty", &View::empty, py::arg("dtype"), py::arg("shape"),
             "Return a new row-major view whose values are not set.");
  module.def("full", &full, py::arg("dtype"), py::arg("shape"), py::arg("value"),
             "Return a new row-major view filled with `value`.");
  module.def("from_numpy", &from_numpy, py::arg("array"), py::arg("copy"),
             "Return a view of a copy of an ndarray, or of its own memory.");
  module.def("may_overlap", &may_overlap, py::arg("a"), py::arg("b"),
             "Return whether two views may share elements.");
}

}  // namespace needle
