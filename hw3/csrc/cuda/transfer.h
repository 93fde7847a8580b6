#pragma once
// Values between the host's memory and the current device's.
//
// The memory of other libraries is pageable, which a GPU cannot read by itself: values pass through
// two pieces of pinned memory, of which one is filled while the other is on its way.

#include <cstddef>

namespace needle::cuda {

/// Copies `bytes` to the device. The source may change or vanish at once; the copy is made in the
/// stream's order.
void to_device(void* device, const void* host, std::size_t bytes);

/// Copies `bytes` from the device, once all work before it is done.
void to_host(void* host, const void* device, std::size_t bytes);

/// The element at `device`, once all work before it is done.
template <class T>
T fetch(const T* device) {
  T value;
  to_host(&value, device, sizeof(T));
  return value;
}

}  // namespace needle::cuda
