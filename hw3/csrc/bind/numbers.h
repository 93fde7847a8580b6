#pragma once
// Python's numbers as elements of an array; for binding files.

#include <pybind11/pybind11.h>

#include <cstring>
#include <limits>
#include <string>

#include "common/errors.h"
#include "ops/elementwise.h"

namespace needle {
namespace numbers {

template <class T>
Number number_of(DType dtype, T value) {
  Number number{dtype, {}};
  std::memcpy(number.bytes, &value, sizeof(value));
  return number;
}

[[noreturn]] inline void fail_kind(pybind11::handle value, DType dtype) {
  throw TypeError(pybind11::repr(value).cast<std::string>() + " is no number for an array of " +
                  name_of(dtype));
}

inline double double_from(pybind11::handle value, DType dtype) {
  const double number = PyFloat_AsDouble(value.ptr());
  if (number != -1 || PyErr_Occurred() == nullptr) return number;
  if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw pybind11::error_already_set();
  PyErr_Clear();
  fail_kind(value, dtype);
}

template <class T>
T integer_from(pybind11::handle value, DType dtype) {
  if (PyIndex_Check(value.ptr()) == 0) fail_kind(value, dtype);
  const pybind11::object index =
      pybind11::reinterpret_steal<pybind11::object>(PyNumber_Index(value.ptr()));
  if (!index) throw pybind11::error_already_set();
  int overflow = 0;
  const long long integer = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  using Limits = std::numeric_limits<T>;
  if (overflow != 0 || integer < Limits::min() || integer > Limits::max()) {
    const std::string text = "Python integer " + pybind11::str(index).cast<std::string>() +
                             " out of bounds for " + name_of(dtype);
    PyErr_SetString(PyExc_OverflowError, text.c_str());
    throw pybind11::error_already_set();
  }
  return static_cast<T>(integer);
}

}  // namespace numbers

/// `value` as an element of `dtype`. Throws TypeError for a number of another kind (an int is fine
/// where floats are kept), Python's OverflowError for an int that the dtype cannot hold.
inline Number number_from_python(pybind11::handle value, DType dtype) {
  using namespace numbers;
  switch (dtype) {
    case DType::boolean: {
      if (!pybind11::isinstance<pybind11::bool_>(value)) fail_kind(value, dtype);
      return number_of(dtype, static_cast<std::uint8_t>(value.ptr() == Py_True));
    }
    case DType::uint8:
      return number_of(dtype, integer_from<std::uint8_t>(value, dtype));
    case DType::int32:
      return number_of(dtype, integer_from<std::int32_t>(value, dtype));
    case DType::int64:
      return number_of(dtype, integer_from<std::int64_t>(value, dtype));
    case DType::float32:
      return number_of(dtype, static_cast<float>(double_from(value, dtype)));
    default:
      return number_of(dtype, double_from(value, dtype));
  }
}

}  // namespace needle
