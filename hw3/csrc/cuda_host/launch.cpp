// The launch of a kernel: what its configuration must be, and what becomes of its errors.

#include "cuda_api/launch.h"

#include <stdexcept>

#include "cuda_api/runtime_api.h"
#include "cuda_host/block.h"
#include "cuda_host/runtime_state.h"

namespace needle::host {
namespace {

constexpr std::uint64_t kMostGridX = 0x7fffffff, kMostGridYZ = 65535, kMostBlockZ = 64;
constexpr std::size_t kMostSharedBytes = 48 << 10;

bool is_valid(const cudaLaunchConfig_t& config) {
  const dim3& grid = config.gridDim;
  const dim3& block = config.blockDim;
  const bool some =
      grid.x > 0 && grid.y > 0 && grid.z > 0 && block.x > 0 && block.y > 0 && block.z > 0;
  const bool not_too_much = grid.x <= kMostGridX && grid.y <= kMostGridYZ &&
                            grid.z <= kMostGridYZ && block.x <= kMostThreads &&
                            block.y <= kMostThreads && block.z <= kMostBlockZ;
  return some && not_too_much && std::uint64_t{block.x} * block.y * block.z <= kMostThreads &&
         config.dynamicSmemBytes <= kMostSharedBytes;
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, const Call& call) {
  if (!is_valid(config)) return remember(cudaErrorInvalidConfiguration);
  if (config.numAttrs != 0) return remember(cudaErrorNotSupported);
  int device = 0;
  if (!is_stream(config.stream, &device) || device != current_device()) {
    return remember(cudaErrorInvalidResourceHandle);
  }
  const std::lock_guard lock(mutex());
  const std::string error = executor().run(config, call, device);
  if (!error.empty()) throw std::runtime_error(error);
  return cudaSuccess;
}

}  // namespace needle::host

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  if (attributes == nullptr || function == nullptr) {
    return needle::host::remember(cudaErrorInvalidValue);
  }
  *attributes = {};
  attributes->maxThreadsPerBlock = static_cast<int>(needle::host::kMostThreads);
  return cudaSuccess;
}
