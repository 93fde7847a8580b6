// NumPy's arrays and those of the CPU share memory.

#include <pybind11/numpy.h>

#include <string>
#include <vector>

#include "bind/bind.h"

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

}  // namespace

py::array view_to_numpy(const py::object& object) {
  const View& view = needed_view(object);
  std::vector<py::ssize_t> strides;
  for (std::int64_t stride : view.strides) {
    // Strides of axes of size 1 may be anything, beyond NumPy's range, too.
    strides.push_back(
        static_cast<py::ssize_t>(static_cast<std::size_t>(stride) * item_size(view.dtype)));
  }
  const std::vector<py::ssize_t> shape(view.shape.begin(), view.shape.end());
  py::array array(numpy_dtype(view.dtype), shape, strides, view.bytes(), object);
  if (!view.writable) {
    py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  }
  return array;
}

void check_readable(const View&) {}

py::object view_from_numpy(const py::array& array, bool copy) {
  if (!copy) return py::cast(borrow(array));
  Dims shape;
  for (int axis = 0; axis < array.ndim(); ++axis) shape.push_back(array.shape(axis));
  py::object view = py::cast(View::empty(dtype_of_numpy(array), shape));
  // NumPy reads what only it understands: foreign byte orders, unaligned elements.
  py::module_::import("numpy").attr("copyto")(view_to_numpy(view), array);
  return view;
}

}  // namespace needle
