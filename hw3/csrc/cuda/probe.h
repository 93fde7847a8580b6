#pragma once
// Whether this module has code for the current GPU.

#include <cuda_runtime.h>

namespace needle::cuda {

/// cudaSuccess if kernels of this module can run on the current device.
cudaError_t probe();

}  // namespace needle::cuda
