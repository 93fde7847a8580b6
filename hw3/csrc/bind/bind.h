#pragma once
// What every binding file shares: how arguments and results cross between Python and C++. These
// files are compiled for each kind of device, as NEEDLE_MODULE: _cpu, for one.
//
// With this header, a kernel binds as it is: `module.def("add", &add)` for `View add(const View&,
// const View&)`. Arguments may be `const View&`, `DType` (from its name), `Dims` (from a tuple of
// ints) and what pybind11 knows; results may be `View`, by value.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <utility>

#include "common/device.h"
#include "common/dtype.h"
#include "common/errors.h"
#include "common/layout.h"
#include "common/view.h"

#define NEEDLE_STRING(text) #text
#define NEEDLE_STRING_OF(macro) NEEDLE_STRING(macro)
#define NEEDLE_MODULE_NAME NEEDLE_STRING_OF(NEEDLE_MODULE)

namespace needle {

/// Kernels on fewer elements than this keep the interpreter's lock: giving it away and taking it
/// back costs more than they do.
inline constexpr std::int64_t kUnlockAbove = 10000;

/// Calls `work`, without the interpreter's lock if there are that many elements to work on.
template <class Work>
auto unlocked(std::int64_t elements, Work&& work) {
  if (elements <= kUnlockAbove) return work();
  pybind11::gil_scoped_release released;
  return work();
}

template <class Work>
auto unlocked(const View& view, Work&& work) {
  return unlocked(view.size(), std::forward<Work>(work));
}

/// The view inside of a Python object, which keeps it; nullptr if the object is no View.
const View* view_from_python(PyObject* object);
/// A new Python object that holds `view`; nullptr, with Python's MemoryError set, without memory.
PyObject* view_to_python(View&& view);

/// The shape that Python gave as a tuple or list of ints. Throws TypeError, or
/// std::invalid_argument for more than 32 or for an int beyond 64 bits.
Dims dims_from_python(PyObject* sequence);
/// A new tuple of ints; nullptr, with Python's MemoryError set, without memory.
PyObject* dims_to_python(const Dims& dims);

/// The dtype called `name`. Throws TypeError.
DType dtype_from_python(PyObject* name);
/// The name of `dtype`, always the same object for one dtype: a new reference.
PyObject* dtype_to_python(DType dtype);

pybind11::dtype numpy_dtype(DType dtype);
/// The dtype of `array`. Throws std::invalid_argument if arrays here cannot have it.
DType dtype_of_numpy(const pybind11::array& array);
/// The View that `object` is. Throws TypeError if it is none.
const View& needed_view(const pybind11::object& object);

// What differs between devices: cpu_numpy.cpp and cuda_numpy.cpp.

/// The values of the View `object` in the host's memory: an ndarray on its memory, which keeps it
/// alive, or, if no ndarray can be there, a new one. Throws TypeError if `object` is no View.
pybind11::array view_to_numpy(const pybind11::object& object);
/// Throws std::invalid_argument where Python cannot read the memory of a view as it is.
void check_readable(const View& view);
/// A view of a copy of `array`, or of its own memory: std::invalid_argument if that cannot be.
pybind11::object view_from_numpy(const pybind11::array& array, bool copy);

/// Adds what every device has to a module.
void bind_device(pybind11::module_& module);

}  // namespace needle

namespace pybind11::detail {

// Views cross in every call: this is several times faster than a pybind11::class_.
template <>
struct type_caster<needle::View> {
  static constexpr auto name = const_name("View");
  template <class T>
  using cast_op_type = const needle::View&;

  bool load(handle source, bool) {
    view_ = needle::view_from_python(source.ptr());
    if (view_ == nullptr) return false;
    needle::device::use(view_->buffer->device());  // where the result will be, too
    return true;
  }
  static handle cast(needle::View view, return_value_policy, handle) {
    return needle::view_to_python(std::move(view));
  }
  operator const needle::View&() const { return *view_; }

 private:
  const needle::View* view_ = nullptr;
};

template <>
struct type_caster<needle::Dims> {
  PYBIND11_TYPE_CASTER(needle::Dims, const_name("tuple[int, ...]"));
  bool load(handle source, bool) {
    value = needle::dims_from_python(source.ptr());
    return true;
  }
  static handle cast(const needle::Dims& dims, return_value_policy, handle) {
    return needle::dims_to_python(dims);
  }
};

template <>
struct type_caster<needle::DType> {
  PYBIND11_TYPE_CASTER(needle::DType, const_name("str"));
  bool load(handle source, bool) {
    value = needle::dtype_from_python(source.ptr());
    return true;
  }
  static handle cast(needle::DType dtype, return_value_policy, handle) {
    return needle::dtype_to_python(dtype);
  }
};

}  // namespace pybind11::detail
