// Accesses that nothing orders, planted into kernels one by one.

#include "device.h"

namespace {

using needle::tests::DeviceArray;
using needle::tests::fails;
using needle::tests::launch;

/// Turns blocks of 64 around; a barrier is missing where `read` or `rewrite` is false.
template <bool read, bool rewrite>
__global__ void turn_twice(float* data) {
  __shared__ float tile[64];
  tile[threadIdx.x] = data[threadIdx.x];
  if (read) __syncthreads();
  const float turned = tile[63 - threadIdx.x];
  if (rewrite) __syncthreads();
  tile[threadIdx.x] = turned + 1;
  __syncthreads();
  data[threadIdx.x] = tile[63 - threadIdx.x];
}

}  // namespace

TEST(a_missing_barrier_is_a_race) {
  const DeviceArray<float> data(std::vector<float>(64));
  launch(1, 64, turn_twice<true, true>, data.data());
  CHECK(fails([&] { launch(1, 64, turn_twice<false, true>, data.data()); }, "uninitialised"));
  CHECK(fails([&] { launch(1, 64, turn_twice<true, false>, data.data()); }, "race"));
  launch(1, 64, turn_twice<true, true>, data.data());
}
