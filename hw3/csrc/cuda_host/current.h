#pragma once
// What kernels see as threadIdx, blockIdx, blockDim and gridDim (threads.h), for the one who sets
// it.

#include "cuda_api/vector_types.h"

extern "C" {
extern uint3 needle_cuda_host_thread_index;
extern uint3 needle_cuda_host_block_index;
extern dim3 needle_cuda_host_block_dim;
extern dim3 needle_cuda_host_grid_dim;
}
