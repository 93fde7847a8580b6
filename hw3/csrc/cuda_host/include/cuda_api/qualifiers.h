#pragma once
// CUDA's words for where functions run and where variables lie.
//
// A block's shared variables are static ones: blocks run one after the other. The compilers want
// an alignment before the word: `alignas(16) __shared__ float4 tile[32];`. A constant lies in a
// section of its own, which kernels may only read.

#include <memory>  // first: it uses a word that is defined below

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __constant__ __attribute__((section("needle_constant"), used))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __grid_constant__
#define __maxnreg__(...)
