#include <cuda_runtime.h>

#include "check.h"

TEST(devices_are_counted) {
  int count = 0;
  CHECK(cudaGetDeviceCount(&count) == cudaSuccess && count == 2);
}
