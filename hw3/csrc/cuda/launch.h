#pragma once
// The only way in which kernels are started.

#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>

#include <cstdint>
#include <string>
#include <utility>

#include "cuda/check.h"
#include "cuda/devices.h"

namespace needle::cuda {

/// The threads of a warp: they run together, and can exchange registers.
inline constexpr int kWarp = 32;
/// The threads of a block, where nothing speaks for another number.
inline constexpr int kThreads = 256;

/// Three sizes of 64 bits each, so that nothing is cut off before it is checked.
struct Size3 {
  std::int64_t x = 1, y = 1, z = 1;
};

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// A range of time that profilers show under a name.
class ProfilingRange {
 public:
  explicit ProfilingRange(const char* name) { nvtxRangePushA(name); }
  ~ProfilingRange() { nvtxRangePop(); }
  ProfilingRange(const ProfilingRange&) = delete;
  ProfilingRange& operator=(const ProfilingRange&) = delete;
};

/// Throws std::length_error for a grid beyond the limits of CUDA.
void check_grid(const char* name, const Size3& blocks, const Size3& threads);

/// Starts `kernel` on the stream of the current device: `blocks` blocks of `threads` threads. A
/// grid without blocks is no work. Throws Error, with the name, if it cannot be started.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), const Size3& blocks,
            const Size3& threads, Arguments&&... arguments) {
  if (blocks.x == 0 || blocks.y == 0 || blocks.z == 0) return;
  check_grid(name, blocks, threads);
  const ProfilingRange range(name);
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks.x), static_cast<unsigned>(blocks.y),
                        static_cast<unsigned>(blocks.z));
  config.blockDim = dim3(static_cast<unsigned>(threads.x), static_cast<unsigned>(threads.y),
                         static_cast<unsigned>(threads.z));
  config.stream = stream();
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), name);
}

/// The same with blocks of kThreads, as many as give each of `items` a thread.
template <class... Parameters, class... Arguments>
void launch_for(const char* name, void (*kernel)(Parameters...), std::int64_t items,
                Arguments&&... arguments) {
  launch(name, kernel, {ceil_div(items, kThreads)}, {kThreads},
         std::forward<Arguments>(arguments)...);
}

}  // namespace needle::cuda
