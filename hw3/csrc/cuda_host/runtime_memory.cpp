// Allocations and copies.

#include <cstdlib>
#include <cstring>
#include <map>

#include "cuda_api/runtime_api.h"
#include "cuda_host/host_execution.h"
#include "cuda_host/memory.h"
#include "cuda_host/runtime_state.h"

namespace needle::host {
namespace {

std::map<const void*, std::size_t>& pinned_blocks() {
  static auto* blocks = new std::map<const void*, std::size_t>;
  return *blocks;
}

bool is_pinned(const void* pointer) {
  auto next = pinned_blocks().upper_bound(pointer);
  if (next == pinned_blocks().begin()) return false;
  const auto& [begin, bytes] = *std::prev(next);
  return static_cast<const char*>(pointer) < static_cast<const char*>(begin) + bytes;
}

/// Whether `bytes` bytes may be read or written: on a device, in what is allocated there.
bool may_touch(const void* pointer, std::size_t bytes, int device) {
  if (pointer == nullptr) return false;
  return device < 0 || device_memory(device).all_usable(pointer, bytes);
}

bool fits(cudaMemcpyKind kind, bool to_device, bool from_device) {
  if (kind == cudaMemcpyDefault) return true;
  const bool wants_to = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool wants_from = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  return wants_to == to_device && wants_from == from_device;
}

cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) {
    return remember(cudaErrorInvalidMemcpyDirection);
  }
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard lock(mutex());
  const int to_device = device_of(to);
  const int from_device = device_of(from);
  if (!fits(kind, to_device >= 0, from_device >= 0) || !may_touch(to, bytes, to_device) ||
      !may_touch(from, bytes, from_device)) {
    return remember(cudaErrorInvalidValue);
  }
  std::memmove(to, from, bytes);
  return cudaSuccess;
}

}  // namespace
}  // namespace needle::host

using namespace needle::host;

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  if (pointer == nullptr) return remember(cudaErrorInvalidValue);
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard lock(mutex());
  *pointer = device_memory(current_device()).allocate(bytes);
  return *pointer != nullptr ? cudaSuccess : remember(cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  const std::lock_guard lock(mutex());
  const int device = device_of(pointer);
  if (device < 0 || !device_memory(device).free(pointer)) return remember(cudaErrorInvalidValue);
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t stream) {
  if (!is_stream(stream)) return remember(cudaErrorInvalidResourceHandle);
  return cudaMalloc(pointer, bytes);
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  if (!is_stream(stream)) return remember(cudaErrorInvalidResourceHandle);
  return cudaFree(pointer);
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned int) {
  if (pointer == nullptr) return remember(cudaErrorInvalidValue);
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (posix_memalign(pointer, 256, bytes) != 0) return remember(cudaErrorMemoryAllocation);
  const std::lock_guard lock(mutex());
  pinned_blocks()[*pointer] = bytes;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return cudaHostAlloc(pointer, bytes, 0);
}

cudaError_t cudaFreeHost(void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  const std::lock_guard lock(mutex());
  if (pinned_blocks().erase(pointer) == 0) return remember(cudaErrorInvalidValue);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const std::lock_guard lock(mutex());
  *free = device_memory(current_device()).free_bytes();
  *total = kDeviceMemory;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  const std::lock_guard lock(mutex());
  void* address = const_cast<void*>(pointer);
  const int device = device_of(pointer);
  if (device >= 0) {
    *attributes = {cudaMemoryTypeDevice, device, address, nullptr};
  } else if (is_pinned(pointer)) {
    *attributes = {cudaMemoryTypeHost, current_device(), address, address};
  } else {
    *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, address};
  }
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return copy(to, from, bytes, kind);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (!is_stream(stream)) return remember(cudaErrorInvalidResourceHandle);
  return copy(to, from, bytes, kind);
}

cudaError_t cudaMemcpyPeer(void* to, int to_device, const void* from, int from_device,
                           std::size_t bytes) {
  if (bytes == 0) return cudaSuccess;
  if (device_of(to) != to_device || device_of(from) != from_device) {
    return remember(cudaErrorInvalidValue);
  }
  return copy(to, from, bytes, cudaMemcpyDeviceToDevice);
}

cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device,
                                std::size_t bytes, cudaStream_t stream) {
  if (!is_stream(stream)) return remember(cudaErrorInvalidResourceHandle);
  return cudaMemcpyPeer(to, to_device, from, from_device, bytes);
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard lock(mutex());
  const int device = device_of(to);
  if (device < 0 || !may_touch(to, bytes, device)) return remember(cudaErrorInvalidValue);
  std::memset(to, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  if (!is_stream(stream)) return remember(cudaErrorInvalidResourceHandle);
  return cudaMemset(to, value, bytes);
}

void needle_cuda_host_set_usable(void* block, std::size_t bytes, std::size_t capacity) {
  const std::lock_guard lock(mutex());
  const int device = device_of(block);
  if (device >= 0) device_memory(device).set_usable(block, bytes, capacity);
}
