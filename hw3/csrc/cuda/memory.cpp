// The memory of GPUs. A block that is given back may still be in use by kernels that were started:
// whoever gets it next works on the same stream, after them.

#include <array>
#include <mutex>

#include "common/allocator.h"
#include "cuda/check.h"
#include "cuda/devices.h"

// Set where kernels run on the host (cuda_host/): it checks every access.
extern "C" void needle_cuda_host_set_usable(void* block, std::size_t bytes, std::size_t capacity)
    __attribute__((weak));

namespace needle {
namespace cuda {
namespace {

class DeviceMemory final : public MemorySource {
 public:
  explicit DeviceMemory(int device) : device_(device) {
    std::size_t free = 0;
    NEEDLE_CUDA_CHECK(cudaMemGetInfo(&free, &total_));
  }

  void* allocate(std::size_t bytes) override {
    make_current();
    void* block = nullptr;
    const cudaError_t error = cudaMalloc(&block, bytes);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      return nullptr;
    }
    check(error, "cudaMalloc");
    return block;
  }

  void free(void* block) noexcept override {
    cudaFree(block);  // at the end of the process, the driver may be gone
  }

  std::size_t total() const override { return total_; }

  // All of it: nobody else needs it at the moment, and to free some of it would wait for all work.
  std::size_t most_kept() const override { return total_; }

  std::string describe() const override {
    std::size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess) return "";
    return std::to_string(free) + " free ones (of " + std::to_string(total) + ") on cuda(" +
           std::to_string(device_) + ")";
  }

  void set_usable(void* block, std::size_t bytes, std::size_t capacity) noexcept override {
    if (needle_cuda_host_set_usable != nullptr) needle_cuda_host_set_usable(block, bytes, capacity);
  }

 private:
  int device_;
  std::size_t total_ = 0;
};

Allocator* make_allocator(int device) {
  stream();  // or the reason why there is none
  return new Allocator(*new DeviceMemory(device), device);
}

}  // namespace
}  // namespace cuda

Allocator& current_allocator() {
  static std::mutex mutex;
  // Allocators are never destroyed: arrays may outlive any order of destruction at exit.
  static std::array<Allocator*, cuda::kMaxDevices> allocators{};
  const int device = cuda::current_device();
  const std::lock_guard lock(mutex);
  Allocator*& allocator = allocators[static_cast<std::size_t>(device)];
  if (allocator == nullptr) allocator = cuda::make_allocator(device);
  return *allocator;
}

}  // namespace needle
