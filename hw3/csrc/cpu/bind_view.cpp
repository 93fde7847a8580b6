// The Python type of views, and the ways of dtypes and shapes between Python and C++.
//
// View is a plain type of CPython, not a pybind11::class_: two go into and one comes out of every
// operation, and the general way through pybind11's registry costs more than a small operation.

#include <pybind11/numpy.h>

#include <new>
#include <string>
#include <vector>

#include "cpu/bind.h"

namespace py = pybind11;

namespace needle {
namespace {

struct ViewObject {
  PyObject_HEAD;
  View view;
};

PyTypeObject* view_type = nullptr;

const View& view_of(PyObject* object) {
  return reinterpret_cast<ViewObject*>(object)->view;
}

PyObject* dtype_names[kDTypes];

constexpr DType kAll[] = {DType::boolean, DType::uint8,   DType::int32,
                          DType::int64,   DType::float32, DType::float64};

py::dtype numpy_dtype(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return py::dtype::of<bool>();
    case DType::uint8:
      return py::dtype::of<std::uint8_t>();
    case DType::int32:
      return py::dtype::of<std::int32_t>();
    case DType::int64:
      return py::dtype::of<std::int64_t>();
    case DType::float32:
      return py::dtype::of<float>();
    case DType::float64:
      break;
  }
  return py::dtype::of<double>();
}

/// An ndarray on the memory of the view in `object`, which it keeps alive.
py::array to_numpy(PyObject* object) {
  const View& view = view_of(object);
  std::vector<py::ssize_t> strides;
  for (std::int64_t stride : view.strides) {
    // Strides of axes of size 1 may be anything, beyond NumPy's range, too.
    strides.push_back(
        static_cast<py::ssize_t>(static_cast<std::size_t>(stride) * item_size(view.dtype)));
  }
  const std::vector<py::ssize_t> shape(view.shape.begin(), view.shape.end());
  py::array array(numpy_dtype(view.dtype), shape, strides, view.bytes(),
                  py::reinterpret_borrow<py::object>(object));
  if (!view.writable) {
    py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  }
  return array;
}

/// The buffer protocol, by NumPy's rules.
int get_buffer(PyObject* object, Py_buffer* buffer, int flags) {
  buffer->obj = nullptr;
  try {
    return PyObject_GetBuffer(to_numpy(object).ptr(), buffer, flags);
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_BufferError, error.what());
  }
  return -1;
}

void destroy(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  reinterpret_cast<ViewObject*>(object)->view.~View();
  PyObject_Free(object);
  Py_DECREF(type);
}

PyObject* dims_tuple(const Dims& dims) {
  PyObject* tuple = PyTuple_New(dims.size());
  for (int axis = 0; tuple != nullptr && axis < dims.size(); ++axis) {
    PyObject* item = PyLong_FromLongLong(dims[axis]);
    if (item == nullptr)
      Py_CLEAR(tuple);
    else
      PyTuple_SET_ITEM(tuple, axis, item);
  }
  return tuple;
}

PyObject* get_dtype(PyObject* self, void*) {
  return dtype_to_python(view_of(self).dtype);
}
PyObject* get_shape(PyObject* self, void*) {
  return dims_tuple(view_of(self).shape);
}
PyObject* get_strides(PyObject* self, void*) {
  return dims_tuple(view_of(self).strides);
}
PyObject* get_offset(PyObject* self, void*) {
  return PyLong_FromLongLong(view_of(self).offset);
}
PyObject* get_ndim(PyObject* self, void*) {
  return PyLong_FromLong(view_of(self).ndim());
}
PyObject* get_size(PyObject* self, void*) {
  return PyLong_FromLongLong(view_of(self).size());
}
PyObject* get_writable(PyObject* self, void*) {
  return PyBool_FromLong(view_of(self).writable);
}
PyObject* get_itemsize(PyObject* self, void*) {
  return PyLong_FromSize_t(item_size(view_of(self).dtype));
}

PyGetSetDef attributes[] = {
    {"dtype", get_dtype, nullptr, "The name of the type of the elements.", nullptr},
    {"shape", get_shape, nullptr, "The number of elements along each axis.", nullptr},
    {"strides", get_strides, nullptr, "Elements from one to the next along each axis.", nullptr},
    {"offset", get_offset, nullptr, "Elements from the buffer's start to the first.", nullptr},
    {"ndim", get_ndim, nullptr, "The number of axes.", nullptr},
    {"size", get_size, nullptr, "The number of elements.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes of one element.", nullptr},
    {"writable", get_writable, nullptr, "Whether elements may be changed through it.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("Elements of a buffer, chosen by offset, shape and strides.")},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_getset, attributes},
    {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
    {0, nullptr},
};

PyType_Spec spec = {"needle_hw3._cpu.View", sizeof(ViewObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

std::int64_t int_from_python(PyObject* object) {
  if (!PyLong_Check(object)) {  // NumPy's integers, say
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object));
    if (!index) throw py::error_already_set();
    return int_from_python(index.ptr());
  }
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow != 0) {
    throw std::invalid_argument(py::str(object).cast<std::string>() + " is beyond 64 bits");
  }
  return value;
}

template <class Function, class... Arguments>
void add_method(py::handle type, const char* name, Function&& function, const char* doc,
                const Arguments&... arguments) {
  py::setattr(type, name,
              py::cpp_function(std::forward<Function>(function), py::name(name),
                               py::is_method(type), doc, arguments...));
}

View restride(const View& view, const Dims& shape, const Dims& strides, std::int64_t offset) {
  return view.restride(shape, strides, offset);
}

View make_readonly(const View& view) {
  View copy = view;
  copy.writable = false;
  return copy;
}

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
  for (DType dtype : kAll) {
    const py::dtype same = numpy_dtype(dtype);
    if (same.kind() == kind && static_cast<std::size_t>(array.itemsize()) == item_size(dtype)) {
      return dtype;
    }
  }
  throw std::invalid_argument("no dtype here is NumPy's " +
                              py::str(array.dtype()).cast<std::string>());
}

View borrow(const py::array& array) {
  View view;
  view.dtype = dtype_of_numpy(array);
  view.writable = array.writeable();
  const auto item = static_cast<std::int64_t>(item_size(view.dtype));
  const char order = array.dtype().byteorder();
  if (order != '=' && order != '|') {
    throw std::invalid_argument("an array in foreign byte order cannot be shared, only copied");
  }
  for (int axis = 0; axis < array.ndim(); ++axis) {
    view.shape.push_back(array.shape(axis));
    if (array.shape(axis) > 1 && array.strides(axis) % item != 0) {
      throw std::invalid_argument("an array cannot be shared whose stride of " +
                                  std::to_string(array.strides(axis)) +
                                  " bytes is no multiple of its item size " + std::to_string(item));
    }
    view.strides.push_back(array.strides(axis) / item);
  }
  if (reinterpret_cast<std::uintptr_t>(array.data()) % item != 0) {
    throw std::invalid_argument("an array that is not aligned cannot be shared, only copied");
  }
  const Reach reached = reach(view.shape, view.strides);
  view.offset = -reached.low;
  const std::int64_t elements = reached.high - reached.low + 1;
  char* first = static_cast<char*>(const_cast<void*>(array.data())) + reached.low * item;
  view.buffer =
      BufferRef(Buffer::borrow(first, static_cast<std::size_t>(elements * item), Keeper(array)));
  return view;
}

py::object from_numpy(const py::array& array, bool copy) {
  if (!copy) return py::cast(borrow(array));
  Dims shape;
  for (int axis = 0; axis < array.ndim(); ++axis) shape.push_back(array.shape(axis));
  py::object view = py::cast(View::empty(dtype_of_numpy(array), shape));
  // NumPy reads what only it understands: foreign byte orders, unaligned elements.
  py::module_::import("numpy").attr("copyto")(to_numpy(view.ptr()), array);
  return view;
}

py::object full(DType dtype, const Dims& shape, const py::object& value) {
  py::object view = py::cast(View::empty(dtype, shape));
  to_numpy(view.ptr()).attr("fill")(value);
  return view;
}

}  // namespace

const View* view_from_python(PyObject* object) {
  return Py_TYPE(object) == view_type ? &view_of(object) : nullptr;
}

PyObject* view_to_python(View&& view) {
  ViewObject* object = PyObject_New(ViewObject, view_type);
  if (object != nullptr) new (&object->view) View(std::move(view));
  return reinterpret_cast<PyObject*>(object);
}

Dims dims_from_python(PyObject* sequence) {
  if (!PyTuple_Check(sequence) && !PyList_Check(sequence)) {
    throw TypeError(std::string("sizes come as a tuple of ints, not as ") +
                    Py_TYPE(sequence)->tp_name);
  }
  // A tuple cannot change while __index__ of one of its items runs.
  const py::object tuple = py::reinterpret_steal<py::object>(PySequence_Tuple(sequence));
  if (!tuple) throw py::error_already_set();
  const Py_ssize_t size = PyTuple_GET_SIZE(tuple.ptr());
  if (size > kMaxDims) fail_too_many_axes(size);
  Dims dims;
  for (Py_ssize_t i = 0; i < size; ++i) {
    dims.push_back(int_from_python(PyTuple_GET_ITEM(tuple.ptr(), i)));
  }
  return dims;
}

py::tuple dims_to_python(const Dims& dims) {
  PyObject* tuple = dims_tuple(dims);
  if (tuple == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::tuple>(tuple);
}

DType dtype_from_python(PyObject* name) {
  for (DType dtype : kAll) {
    if (name == dtype_names[static_cast<int>(dtype)]) return dtype;
  }
  if (PyUnicode_Check(name)) {
    for (DType dtype : kAll) {
      if (PyUnicode_CompareWithASCIIString(name, name_of(dtype)) == 0) return dtype;
    }
  }
  throw TypeError("dtype " + py::repr(name).cast<std::string>() +
                  " is none of bool, uint8, int32, int64, float32, float64");
}

PyObject* dtype_to_python(DType dtype) {
  return Py_NewRef(dtype_names[static_cast<int>(dtype)]);
}

void bind_view(py::module_& module) {
  for (DType dtype : kAll) {
    dtype_names[static_cast<int>(dtype)] = PyUnicode_InternFromString(name_of(dtype));
  }
  view_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (view_type == nullptr) throw py::error_already_set();
  const auto type = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(view_type));
  module.attr("View") = type;

  py::class_<BufferRef>(module, "Buffer", "A block of memory.")
      .def_property_readonly(
          "size", [](const BufferRef& buffer) { return buffer->bytes(); }, "Bytes.")
      .def(
          "ptr",
          [](const BufferRef& buffer) { return reinterpret_cast<std::uintptr_t>(buffer->data()); },
          "Return the address of the first byte.");

  add_method(type, "restride", &restride,
             "Return the same buffer seen otherwise; ValueError if that leaves it.",
             py::arg("shape"), py::arg("strides"), py::arg("offset"));
  add_method(type, "readonly", &make_readonly, "Return the same view, not writable.");
  add_method(
      type, "numpy", [](const py::object& self) { return to_numpy(self.ptr()); },
      "Return an ndarray that shares the memory, and keeps it alive.");
  const py::cpp_function get_buffer_object([](const View& view) { return view.buffer; },
                                           py::is_method(type));
  type.attr("buffer") = py::reinterpret_borrow<py::object>(
      reinterpret_cast<PyObject*>(&PyProperty_Type))(get_buffer_object);

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
