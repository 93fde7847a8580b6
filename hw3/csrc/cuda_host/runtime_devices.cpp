// Errors, and what the two devices are.

#include <cstring>
#include <string>

#include "cuda_api/runtime_api.h"
#include "cuda_host/block.h"
#include "cuda_host/host_execution.h"
#include "cuda_host/memory.h"
#include "cuda_host/runtime_state.h"

namespace needle::host {
namespace {

thread_local cudaError_t last_error = cudaSuccess;
thread_local int chosen_device = 0;

constexpr int kMultiprocessors = 2;
constexpr int kSharedBytes = 48 << 10;
constexpr int kVersion = CUDART_VERSION;

bool is_device(int device) {
  return device >= 0 && device < kDevices;
}

struct Name {
  cudaError_t error;
  const char* name;
  const char* text;
};

constexpr Name kNames[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration",
     "invalid configuration argument"},
    {cudaErrorInvalidDevicePointer, "cudaErrorInvalidDevicePointer", "invalid device pointer"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection",
     "invalid copy direction for memcpy"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
};

const Name* find(cudaError_t error) {
  for (const Name& name : kNames) {
    if (name.error == error) return &name;
  }
  return nullptr;
}

}  // namespace

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

int current_device() {
  return chosen_device;
}

Settings& settings() {
  static Settings settings;
  return settings;
}

std::mutex& mutex() {
  static auto* mutex = new std::mutex;
  return *mutex;
}

void set_order(std::uint64_t seed) {
  const std::lock_guard lock(mutex());
  settings().order = seed;
}

void set_checks(bool on) {
  const std::lock_guard lock(mutex());
  settings().checks = on;
}

}  // namespace needle::host

using namespace needle::host;

cudaError_t cudaGetLastError() {
  return std::exchange(last_error, cudaSuccess);
}

cudaError_t cudaPeekAtLastError() {
  return last_error;
}

const char* cudaGetErrorName(cudaError_t error) {
  const Name* name = find(error);
  return name != nullptr ? name->name : "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  const Name* name = find(error);
  return name != nullptr ? name->text : "unrecognized error code";
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kVersion;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = kDevices;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = chosen_device;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (!is_device(device)) return remember(cudaErrorInvalidDevice);
  chosen_device = device;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (!is_device(device)) return remember(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "host execution");
  properties->totalGlobalMem = kDeviceMemory;
  properties->sharedMemPerBlock = kSharedBytes;
  properties->regsPerBlock = 65536;
  properties->warpSize = static_cast<int>(kLanes);
  properties->maxThreadsPerBlock = static_cast<int>(kMostThreads);
  for (int axis = 0; axis < 3; ++axis) {
    const auto dimension = [axis](cudaDeviceAttr x) {
      return static_cast<cudaDeviceAttr>(x + axis);
    };
    cudaDeviceGetAttribute(&properties->maxThreadsDim[axis], dimension(cudaDevAttrMaxBlockDimX),
                           device);
    cudaDeviceGetAttribute(&properties->maxGridSize[axis], dimension(cudaDevAttrMaxGridDimX),
                           device);
  }
  properties->major = 9;
  properties->multiProcessorCount = kMultiprocessors;
  properties->memoryBusWidth = 64;
  properties->l2CacheSize = 1 << 20;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->sharedMemPerMultiprocessor = kSharedBytes;
  properties->sharedMemPerBlockOptin = kSharedBytes;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (!is_device(device)) return remember(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY:
      *value = static_cast<int>(kMostThreads);
      break;
    case cudaDevAttrMaxBlockDimZ:
      *value = 64;
      break;
    case cudaDevAttrMaxGridDimX:
      *value = 0x7fffffff;
      break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
      *value = 65535;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = kSharedBytes;
      break;
    case cudaDevAttrWarpSize:
      *value = static_cast<int>(kLanes);
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = kMultiprocessors;
      break;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
      *value = 1000000;  // kHz
      break;
    case cudaDevAttrGlobalMemoryBusWidth:
      *value = 64;
      break;
    case cudaDevAttrL2CacheSize:
      *value = 1 << 20;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = 2048;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = 0;
      break;
    default:
      return remember(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int* can_access, int device, int peer) {
  if (!is_device(device) || !is_device(peer)) return remember(cudaErrorInvalidDevice);
  *can_access = 0;
  return cudaSuccess;
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned int) {
  if (!is_device(peer)) return remember(cudaErrorInvalidDevice);
  return remember(cudaErrorPeerAccessUnsupported);
}
