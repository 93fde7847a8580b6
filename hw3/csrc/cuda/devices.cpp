#include "cuda/devices.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>

#include "common/device.h"
#include "cuda/check.h"
#include "cuda/probe.h"

namespace needle {
namespace cuda {
namespace {

thread_local int current = 0;

std::atomic<bool> forked{false};

/// To be called once the driver has been started: a copy of the process cannot go on with it.
void notice_forks() {
  pthread_atfork(nullptr, nullptr, [] { forked = true; });
}

void check_not_forked() {
  if (!forked) return;
  throw std::runtime_error(
      "a GPU cannot be used in a process that was forked after its first use: start processes "
      "by 'spawn'");
}

std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

std::string find_reason() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    cudaGetLastError();  // it is told here, and never again
    return "no NVIDIA driver is installed";
  }
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) cudaGetLastError();
  if (error == cudaErrorInsufficientDriver) {
    return "the NVIDIA driver is too old: it knows CUDA " + version(driver) +
           ", the kernels were built with " + version(CUDART_VERSION);
  }
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    return "there is no NVIDIA GPU";
  }
  if (error != cudaSuccess) return Error(error, "cudaGetDeviceCount").what();
  notice_forks();  // to count the GPUs has started the driver
  const cudaError_t able = probe();
  if (able == cudaErrorNoKernelImageForDevice || able == cudaErrorInvalidDeviceFunction) {
    cudaGetLastError();
    return "the kernels were not built for the architecture of this GPU, " + architecture();
  }
  if (able != cudaSuccess) return Error(able, "cudaFuncGetAttributes").what();
  return "";
}

struct Device {
  std::once_flag once;
  cudaStream_t stream = nullptr;
  int multiprocessors = 0;
};

/// Never destroyed: the driver may be gone when static objects are.
Device& device(int number) {
  static auto* const devices = new std::array<Device, kMaxDevices>;
  Device& found = (*devices)[static_cast<std::size_t>(number)];
  check_not_forked();
  std::call_once(found.once, [&] {
    const std::string reason = why_disabled();
    if (!reason.empty()) throw std::runtime_error("cuda() is not available: " + reason);
    NEEDLE_CUDA_CHECK(cudaSetDevice(number));
    NEEDLE_CUDA_CHECK(cudaStreamCreate(&found.stream));
    NEEDLE_CUDA_CHECK(
        cudaDeviceGetAttribute(&found.multiprocessors, cudaDevAttrMultiProcessorCount, number));
  });
  return found;
}

}  // namespace

std::string why_disabled() {
  static const std::string reason = find_reason();
  return reason;
}

int device_count() {
  static const int count = [] {
    const std::string reason = why_disabled();
    if (!reason.empty()) throw std::runtime_error("cuda() is not available: " + reason);
    int number = 0;
    NEEDLE_CUDA_CHECK(cudaGetDeviceCount(&number));
    return std::min(number, kMaxDevices);
  }();
  return count;
}

int current_device() {
  return current;
}

cudaStream_t stream() {
  const cudaStream_t found = device(current).stream;
  make_current();
  return found;
}

void make_current() {
  int actual = 0;
  NEEDLE_CUDA_CHECK(cudaGetDevice(&actual));
  if (actual != current) NEEDLE_CUDA_CHECK(cudaSetDevice(current));
}

void synchronize() {
  NEEDLE_CUDA_CHECK(cudaStreamSynchronize(stream()));
}

int multiprocessors() {
  return device(current).multiprocessors;
}

std::string architecture() {
  int major = 0, minor = 0;
  NEEDLE_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, current));
  NEEDLE_CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, current));
  return "sm_" + std::to_string(major) + std::to_string(minor);
}

}  // namespace cuda

void device::use(int number) {
  if (number == cuda::current) return;
  if (number < 0 || number >= cuda::device_count()) {
    throw std::invalid_argument("there is no cuda(" + std::to_string(number) +
                                "): the GPUs are 0 to " + std::to_string(cuda::device_count() - 1));
  }
  NEEDLE_CUDA_CHECK(cudaSetDevice(number));
  cuda::current = number;
}

}  // namespace needle
