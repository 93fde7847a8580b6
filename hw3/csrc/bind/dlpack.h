#pragma once
// DLPack: how array libraries of a process hand memory to each other. These structures are its
// binary interface (https://dmlc.github.io/dlpack/latest/c_api.html), with names of our own.

#include <cstdint>

namespace needle::dlpack {

inline constexpr std::int32_t kCuda = 2;  // kDLCUDA: memory of an NVIDIA GPU

enum class Kind : std::uint8_t { integer = 0, unsigned_integer = 1, floating = 2, boolean = 6 };

struct DeviceId {
  std::int32_t type;
  std::int32_t number;
};

struct Type {
  Kind kind;
  std::uint8_t bits;
  std::uint16_t lanes;
};

/// An array; strides are in elements, and may be missing: then it is row-major.
struct Tensor {
  void* data;
  DeviceId device;
  std::int32_t ndim;
  Type dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;  // of the first element from `data`
};

/// A tensor of an owner, who is told by `deleter` that nobody needs it any more. The deleter may be
/// missing, and be called by any thread.
struct Managed {
  static constexpr const char* kName = "dltensor";  // of the capsule that it comes in
  static constexpr const char* kUsedName = "used_dltensor";

  Tensor tensor;
  void* context;
  void (*deleter)(Managed* self);
};

struct Version {
  std::uint32_t major, minor;
};

/// The same since version 1.
struct ManagedVersioned {
  static constexpr const char* kName = "dltensor_versioned";
  static constexpr const char* kUsedName = "used_dltensor_versioned";
  static constexpr Version kVersion = {1, 0};
  static constexpr std::uint64_t kReadOnly = 1, kCopied = 2;  // flags

  Version version;
  void* context;
  void (*deleter)(ManagedVersioned* self);
  std::uint64_t flags;
  Tensor tensor;
};

}  // namespace needle::dlpack
