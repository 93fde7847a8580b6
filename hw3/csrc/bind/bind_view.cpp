// The Python types of views and buffers.
//
// They are plain types of CPython, not pybind11::class_: two views go into and one comes out of
// every operation, and the way through pybind11's registry costs more than a small operation.

#include <pybind11/numpy.h>

#include <new>
#include <string>
#include <vector>

#include "bind/bind.h"

namespace py = pybind11;

namespace needle {
namespace {

/// A Python object that holds a `Value`, and the type of such objects. Python cannot make one, nor
/// inherit from the type: no object is without its value.
template <class Value>
struct Holder {
  PyObject_HEAD Value value;

  static inline PyTypeObject* type = nullptr;

  static const Value& of(PyObject* object) { return reinterpret_cast<Holder*>(object)->value; }

  static PyObject* make(Value&& value) {
    Holder* object = PyObject_New(Holder, type);
    if (object != nullptr) new (&object->value) Value(std::move(value));
    return reinterpret_cast<PyObject*>(object);
  }

  static void destroy(PyObject* object) {
    PyTypeObject* own_type = Py_TYPE(object);
    reinterpret_cast<Holder*>(object)->value.~Value();
    PyObject_Free(object);
    Py_DECREF(own_type);
  }

  static py::object make_type(const char* name, PyType_Slot* slots) {
    PyType_Spec spec = {name, sizeof(Holder), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    PyObject* made = PyType_FromSpec(&spec);
    if (made == nullptr) throw py::error_already_set();
    type = reinterpret_cast<PyTypeObject*>(made);
    return py::reinterpret_borrow<py::object>(made);
  }
};

using ViewObject = Holder<View>;
using BufferObject = Holder<BufferRef>;

const View& view_of(PyObject* object) {
  return ViewObject::of(object);
}

/// The buffer protocol, by NumPy's rules.
int get_buffer(PyObject* object, Py_buffer* buffer, int flags) {
  buffer->obj = nullptr;
  try {
    check_readable(view_of(object));
    return PyObject_GetBuffer(view_to_numpy(py::reinterpret_borrow<py::object>(object)).ptr(),
                              buffer, flags);
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_BufferError, error.what());
  }
  return -1;
}

PyObject* get_dtype(PyObject* self, void*) {
  return dtype_to_python(view_of(self).dtype);
}
PyObject* get_shape(PyObject* self, void*) {
  return dims_to_python(view_of(self).shape);
}
PyObject* get_strides(PyObject* self, void*) {
  return dims_to_python(view_of(self).strides);
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

PyObject* get_buffer_object(PyObject* self, void*) {
  return BufferObject::make(BufferRef(view_of(self).buffer));
}

PyObject* get_bytes(PyObject* self, void*) {
  return PyLong_FromSize_t(BufferObject::of(self)->bytes());
}
PyObject* get_address(PyObject* self, PyObject*) {
  return PyLong_FromVoidPtr(BufferObject::of(self)->data());
}

PyGetSetDef view_attributes[] = {
    {"dtype", get_dtype, nullptr, "The name of the type of the elements.", nullptr},
    {"shape", get_shape, nullptr, "The number of elements along each axis.", nullptr},
    {"strides", get_strides, nullptr, "Elements from one to the next along each axis.", nullptr},
    {"offset", get_offset, nullptr, "Elements from the buffer's start to the first.", nullptr},
    {"ndim", get_ndim, nullptr, "The number of axes.", nullptr},
    {"size", get_size, nullptr, "The number of elements.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes of one element.", nullptr},
    {"buffer", get_buffer_object, nullptr, "The memory that the elements lie in.", nullptr},
    {"writable", get_writable, nullptr, "Whether elements may be changed through it.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot view_slots[] = {
    {Py_tp_doc, const_cast<char*>("Elements of a buffer, chosen by offset, shape and strides.")},
    {Py_tp_dealloc, reinterpret_cast<void*>(ViewObject::destroy)},
    {Py_tp_getset, view_attributes},
    {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
    {0, nullptr},
};

PyGetSetDef buffer_attributes[] = {
    {"size", get_bytes, nullptr, "Bytes.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef buffer_methods[] = {
    {"ptr", get_address, METH_NOARGS, "Return the address of the first byte."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot buffer_slots[] = {
    {Py_tp_doc, const_cast<char*>("A block of memory.")},
    {Py_tp_dealloc, reinterpret_cast<void*>(BufferObject::destroy)},
    {Py_tp_getset, buffer_attributes},
    {Py_tp_methods, buffer_methods},
    {0, nullptr},
};

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

}  // namespace

const View* view_from_python(PyObject* object) {
  return Py_TYPE(object) == ViewObject::type ? &view_of(object) : nullptr;
}

PyObject* view_to_python(View&& view) {
  return ViewObject::make(std::move(view));
}

void bind_view(py::module_& module) {
  module.attr("Buffer") =
      BufferObject::make_type("needle_hw3." NEEDLE_MODULE_NAME ".Buffer", buffer_slots);
  const py::object type =
      ViewObject::make_type("needle_hw3." NEEDLE_MODULE_NAME ".View", view_slots);
  module.attr("View") = type;
  add_method(type, "restride", &restride,
             "Return the same buffer seen otherwise; ValueError if that leaves it.",
             py::arg("shape"), py::arg("strides"), py::arg("offset"));
  add_method(type, "readonly", &make_readonly, "Return the same view, not writable.");
  add_method(
      type, "numpy", [](const py::object& self) { return view_to_numpy(self); },
      "Return the values as an ndarray, which shares the memory where it can.");
}

}  // namespace needle
