// Kernels that are right give the right results, in every order of blocks and threads.

#include <cstdint>
#include <numeric>

#include "cuda_host/host_execution.h"
#include "device.h"

namespace {

using needle::tests::DeviceArray;
using needle::tests::launch;

constexpr int kThreads = 256;

/// Runs `test` in the ascending order and in others.
template <class Test>
void in_several_orders(Test test) {
  for (unsigned long long seed : {0, 1, 2, 3}) {
    needle::host::set_order(seed);
    test();
  }
  needle::host::set_order(0);
}

std::vector<float> ramp(int size) {
  std::vector<float> values(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(i % 17);
  return values;
}

float sum(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0f);
}

template <class T>
__global__ void __launch_bounds__(kThreads) reduce_by_shared(const T* in, T* out, int size) {
  __shared__ T partial[kThreads];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  partial[threadIdx.x] = i < size ? in[i] : T(0);
  __syncthreads();
#pragma unroll
  for (unsigned step = kThreads / 2; step > 0; step /= 2) {
    if (threadIdx.x < step) partial[threadIdx.x] += partial[threadIdx.x + step];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = partial[0];
}

__device__ float warp_sum(float value) {
  for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(0xffffffffu, value, step);
  return value;
}

__global__ void reduce_by_shuffles(const float* __restrict__ in, float* out, int size) {
  __shared__ float partial[32];
  float value = 0;
  for (int i = threadIdx.x; i < size; i += blockDim.x) value += in[i];
  value = warp_sum(value);
  if (threadIdx.x % warpSize == 0) partial[threadIdx.x / warpSize] = value;
  __syncthreads();
  if (threadIdx.x >= warpSize) return;
  value = warp_sum(threadIdx.x < blockDim.x / warpSize ? partial[threadIdx.x] : 0.0f);
  if (threadIdx.x == 0) *out = value;
}

}  // namespace

TEST(a_reduction_in_shared_memory) {
  in_several_orders([] {
    const std::vector<float> values = ramp(1000);
    const DeviceArray<float> in(values), out(4);
    launch(4, kThreads, reduce_by_shared<float>, in.data(), out.data(), 1000);
    CHECK(sum(out.values()) == sum(values));
  });
}

TEST(a_reduction_by_shuffles) {
  in_several_orders([] {
    const std::vector<float> values = ramp(3333);
    const DeviceArray<float> in(values), out(1);
    launch(1, 1024, reduce_by_shuffles, in.data(), out.data(), 3333);
    CHECK(out.values()[0] == sum(values));
  });
}
