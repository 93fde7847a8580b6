// Arrays of GPUs for other libraries, and theirs for us, by DLPack; no element is copied.

#include <memory>
#include <string>

#include "bind/bind.h"
#include "bind/dlpack.h"
#include "cuda/devices.h"
#include "cuda/events.h"

namespace py = pybind11;

namespace needle {
namespace {

using dlpack::Managed;
using dlpack::ManagedVersioned;

constexpr dlpack::Type kTypes[kDTypes] = {
    {dlpack::Kind::boolean, 8, 1},   {dlpack::Kind::unsigned_integer, 8, 1},
    {dlpack::Kind::integer, 32, 1},  {dlpack::Kind::integer, 64, 1},
    {dlpack::Kind::floating, 32, 1}, {dlpack::Kind::floating, 64, 1}};

[[noreturn]] void fail(const std::string& message) {
  py::set_error(PyExc_BufferError, message.c_str());
  throw py::error_already_set();
}

// ---- ours for others

/// A view that somebody else uses; its buffer lives as long.
template <class Struct>
struct Exported {
  Struct managed = {};
  View view;

  static void destroy(Struct* managed) { delete static_cast<Exported*>(managed->context); }
};

/// Python calls it when the capsule dies: if nobody has taken the tensor out, that dies, too.
template <class Struct>
void destroy_capsule(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, Struct::kName) == 0) return;
  auto* const managed = static_cast<Struct*>(PyCapsule_GetPointer(capsule, Struct::kName));
  if (managed->deleter != nullptr) managed->deleter(managed);
}

template <class Struct>
py::object export_view(const View& view, [[maybe_unused]] bool copied) {
  auto exported = std::make_unique<Exported<Struct>>();
  exported->view = view;
  Struct& managed = exported->managed;
  managed.context = exported.get();
  managed.deleter = &Exported<Struct>::destroy;
  if constexpr (requires { managed.flags; }) {
    managed.version = Struct::kVersion;
    managed.flags = (view.writable ? 0 : Struct::kReadOnly) | (copied ? Struct::kCopied : 0);
  }
  Dims &shape = exported->view.shape, &strides = exported->view.strides;
  void* const data = view.size() == 0 ? nullptr : view.bytes();
  managed.tensor = {data,
                    {dlpack::kCuda, view.buffer->device()},
                    view.ndim(),
                    kTypes[static_cast<int>(view.dtype)],
                    &shape[0],
                    &strides[0],
                    0};
  PyObject* const capsule = PyCapsule_New(&managed, Struct::kName, &destroy_capsule<Struct>);
  if (capsule == nullptr) throw py::error_already_set();
  exported.release();
  return py::reinterpret_steal<py::object>(capsule);
}

/// Streams are numbered as the array API standard has it: those that need not wait are -1, and the
/// legacy default stream, which does anyway.
void let_stream_wait(std::int64_t number) {
  constexpr std::int64_t kNobody = -1, kLegacyDefault = 1;
  if (number == kNobody || number == kLegacyDefault) return;
  if (number <= 0) {
    throw std::invalid_argument("a stream is None, -1, 1, 2 or a handle, not " +
                                std::to_string(number));
  }
  // 2, the default stream of each thread, is how CUDA writes it, too.
  cuda::let_wait(reinterpret_cast<cudaStream_t>(number));
}

py::object to_dlpack(const View& view, std::int64_t stream, bool versioned, bool copied) {
  if (!versioned && !view.writable) {
    fail("DLPack before version 1 cannot say that an array is read-only");
  }
  let_stream_wait(stream);
  if (versioned) return export_view<ManagedVersioned>(view, copied);
  return export_view<Managed>(view, copied);
}

py::tuple device_of(const View& view) {
  return py::make_tuple(dlpack::kCuda, view.buffer->device());
}

// ---- theirs for us

DType dtype_of(const dlpack::Type& type) {
  for (const DType dtype : kAllDTypes) {
    const dlpack::Type& ours = kTypes[static_cast<int>(dtype)];
    if (ours.kind == type.kind && ours.bits == type.bits && type.lanes == 1) return dtype;
  }
  fail("no dtype here is DLPack's type of kind " + std::to_string(static_cast<int>(type.kind)) +
       ", " + std::to_string(type.bits) + " bits and " + std::to_string(type.lanes) + " lanes");
}

void check_device(const dlpack::DeviceId& device) {
  if (device.type != dlpack::kCuda) {
    fail("an array on a device of DLPack's type " + std::to_string(device.type) +
         " is on no NVIDIA GPU");
  }
  if (device.number < 0 || device.number >= cuda::device_count()) {
    fail("an array is on GPU " + std::to_string(device.number) + " of " +
         std::to_string(cuda::device_count()));
  }
}

bool repeats_elements(const View& view) {
  for (int axis = 0; axis < view.ndim(); ++axis) {
    if (view.shape[axis] > 1 && view.strides[axis] == 0) return true;
  }
  return false;
}

/// What `tensor` says, in memory from its lowest element on; `lowest` is the address of that. The
/// buffer is not there yet.
View described(const dlpack::Tensor& tensor, char*& lowest) {
  check_device(tensor.device);
  View view;
  view.dtype = dtype_of(tensor.dtype);
  for (int axis = 0; axis < tensor.ndim; ++axis) view.shape.push_back(tensor.shape[axis]);
  view.strides = compact_strides(view.shape);
  if (tensor.strides != nullptr) {
    for (int axis = 0; axis < tensor.ndim; ++axis) view.strides[axis] = tensor.strides[axis];
  }
  char* const first = static_cast<char*>(tensor.data) + tensor.byte_offset;
  if (view.size() == 0) {
    lowest = nullptr;
    return view;
  }
  const auto item = static_cast<std::int64_t>(item_size(view.dtype));
  if (tensor.data == nullptr) fail("an array that has elements, but no memory");
  if (reinterpret_cast<std::uintptr_t>(first) % static_cast<std::uintptr_t>(item) != 0) {
    fail("the elements of an array are not aligned to their size of " + std::to_string(item));
  }
  view.offset = -reach(view.shape, view.strides).low;
  lowest = first - view.offset * item;
  return view;
}

template <class Struct>
View import_capsule(const py::object& capsule) {
  auto* const managed = static_cast<Struct*>(PyCapsule_GetPointer(capsule.ptr(), Struct::kName));
  if (managed == nullptr) throw py::error_already_set();
  bool writable = true;
  if constexpr (requires { managed->flags; }) {
    if (managed->version.major != Struct::kVersion.major) {
      fail("version " + std::to_string(managed->version.major) + " of DLPack is not known here");
    }
    writable = (managed->flags & Struct::kReadOnly) == 0;
  }
  char* lowest;
  View view = described(managed->tensor, lowest);
  view.writable = writable && !repeats_elements(view);
  const Reach reached = reach(view.shape, view.strides);
  const std::size_t elements = static_cast<std::size_t>(reached.high - reached.low + 1);
  const int device = managed->tensor.device.number;
  // From here on it is ours: the capsule does not call the deleter any more.
  if (PyCapsule_SetName(capsule.ptr(), Struct::kUsedName) != 0) throw py::error_already_set();
  const std::shared_ptr<Struct> owner(managed, [](Struct* ours) {
    if (ours->deleter != nullptr) ours->deleter(ours);
  });
  view.buffer =
      BufferRef(Buffer::borrow(lowest, elements * item_size(view.dtype), [owner] {}, device));
  return view;
}

View from_dlpack(const py::object& capsule) {
  if (PyCapsule_IsValid(capsule.ptr(), ManagedVersioned::kName) != 0) {
    return import_capsule<ManagedVersioned>(capsule);
  }
  if (PyCapsule_IsValid(capsule.ptr(), Managed::kName) != 0) {
    return import_capsule<Managed>(capsule);
  }
  if (PyCapsule_CheckExact(capsule.ptr()) == 0) {
    throw TypeError(std::string("a capsule of DLPack is needed, not ") +
                    Py_TYPE(capsule.ptr())->tp_name);
  }
  const char* const name = PyCapsule_GetName(capsule.ptr());
  fail(std::string("a capsule '") + (name == nullptr ? "" : name) +
       "' holds no array of DLPack, or one that was taken out before");
}

}  // namespace

void bind_dlpack(py::module_& module) {
  module.def("to_dlpack", &to_dlpack, py::arg("view"), py::arg("stream"), py::arg("versioned"),
             py::arg("copied"), "Return a capsule of DLPack that holds the view.");
  module.def("from_dlpack", &from_dlpack, py::arg("capsule"),
             "Return a view of the array in a capsule of DLPack, which is used up.");
  module.def("dlpack_device", &device_of, py::arg("view"),
             "Return the type and number of a view's device in DLPack.");
}

}  // namespace needle
