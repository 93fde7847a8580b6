// The variables that kernels know as threadIdx and so on. Kernels see them as constants, under the
// names that stand here.

#include "cuda_host/current.h"

extern "C" {
uint3 needle_cuda_host_thread_index{};
uint3 needle_cuda_host_block_index{};
dim3 needle_cuda_host_block_dim{};
dim3 needle_cuda_host_grid_dim{};
}
