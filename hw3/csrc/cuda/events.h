#pragma once
// Order between our stream and those of others.

#include <cuda_runtime.h>

namespace needle::cuda {

/// Lets what is put on `other` from now on wait for what is on the current device's stream.
void let_wait(cudaStream_t other);

}  // namespace needle::cuda
