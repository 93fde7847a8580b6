#pragma once
// What the tests of kernels share: arrays on the device, launches, expected errors.

#include <cuda_runtime.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "check.h"

namespace needle::tests {

inline void require(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorName(error));
}

/// An array on the current device.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size) : size_(size) {
    require(cudaMalloc(&data_, size * sizeof(T)));
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    require(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> result(size_);
    require(cudaMemcpy(result.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return result;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

template <class... Parameters, class... Arguments>
void launch(dim3 grid, dim3 block, void (*kernel)(Parameters...), Arguments&&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  require(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...));
}

/// Whether `action` ends with an error of the execution on the host that contains `part`.
template <class Action>
bool fails(Action action, const std::string& part) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    if (std::string(error.what()).find(part) != std::string::npos) return true;
    std::cerr << "another error than \"" << part << "\":\n" << error.what() << "\n";
    return false;
  }
  std::cerr << "no error, but expected \"" << part << "\"\n";
  return false;
}

}  // namespace needle::tests
