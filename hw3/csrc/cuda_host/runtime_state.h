#pragma once
// What the functions of the runtime API share.

#include "cuda_api/runtime_types.h"
#include "cuda_host/settings.h"

namespace needle::host {

/// Remembers an error for cudaGetLastError, and returns it.
cudaError_t remember(cudaError_t error);

/// The device that this thread has chosen.
int current_device();

/// Whether a stream is live or one of the default ones; if `device` is not null, what it is on.
bool is_stream(cudaStream_t stream, int* device = nullptr);

}  // namespace needle::host
