// How dtypes, shapes and arrays cross between Python and C++.

#include "bind/bind.h"

#include <string>

namespace py = pybind11;

namespace needle {
namespace {

/// The names of the dtypes as Python strings, made once.
PyObject* interned_name(DType dtype) {
  static PyObject* const names[kDTypes] = {
      PyUnicode_InternFromString("bool"),    PyUnicode_InternFromString("uint8"),
      PyUnicode_InternFromString("int32"),   PyUnicode_InternFromString("int64"),
      PyUnicode_InternFromString("float32"), PyUnicode_InternFromString("float64")};
  return names[static_cast<int>(dtype)];
}

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

}  // namespace

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

const View& needed_view(const py::object& object) {
  const View* const view = view_from_python(object.ptr());
  if (view == nullptr) {  // `View.numpy(1)`, say
    throw TypeError(std::string("a View is needed, not ") + Py_TYPE(object.ptr())->tp_name);
  }
  return *view;
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

DType dtype_from_python(PyObject* name) {
  for (DType dtype : kAllDTypes) {
    if (name == interned_name(dtype)) return dtype;
  }
  if (PyUnicode_Check(name)) {
    for (DType dtype : kAllDTypes) {
      if (PyUnicode_CompareWithASCIIString(name, name_of(dtype)) == 0) return dtype;
    }
  }
  throw TypeError("dtype " + py::repr(name).cast<std::string>() +
                  " is none of bool, uint8, int32, int64, float32, float64");
}

PyObject* dtype_to_python(DType dtype) {
  return Py_NewRef(interned_name(dtype));
}

PyObject* dims_to_python(const Dims& dims) {
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

}  // namespace needle
