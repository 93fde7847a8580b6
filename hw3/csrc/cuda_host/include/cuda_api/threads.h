#pragma once
// Who a thread is. The variables change whenever another thread runs. They are declared const, as
// in CUDA, so a compiler that instruments memory accesses leaves them alone; a compiler that keeps
// one in a register is right, too, since for the thread it is constant. The sizes are no dim3, as
// that has a constructor, and so might change as far as the compiler knows.

#include "cuda_api/vector_types.h"

extern const uint3 threadIdx __asm__("needle_cuda_host_thread_index");
extern const uint3 blockIdx __asm__("needle_cuda_host_block_index");
extern const uint3 blockDim __asm__("needle_cuda_host_block_dim");
extern const uint3 gridDim __asm__("needle_cuda_host_grid_dim");

inline constexpr int warpSize = 32;
