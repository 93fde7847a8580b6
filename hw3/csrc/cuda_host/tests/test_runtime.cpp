// The runtime API: devices, allocations, copies, streams, launches; what it takes and what not.

#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>

#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "check.h"

namespace {

constexpr std::size_t kGiB = std::size_t{1} << 30;

/// Device memory for a test; null if there is none.
struct Block {
  explicit Block(std::size_t bytes) { cudaMalloc(&data, bytes); }
  ~Block() { cudaFree(data); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  char* data = nullptr;
};

void nothing(int) {}

cudaError_t launch_nothing(dim3 grid, dim3 block, cudaStream_t stream = nullptr,
                           std::size_t shared = 0) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream;
  config.dynamicSmemBytes = shared;
  return cudaLaunchKernelEx(&config, nothing, 1);
}

}  // namespace

TEST(there_are_two_devices) {
  int count = 0, value = 0;
  CHECK(cudaGetDeviceCount(&count) == cudaSuccess && count == 2);
  CHECK(cudaSetDevice(2) == cudaErrorInvalidDevice);
  CHECK(cudaSetDevice(-1) == cudaErrorInvalidDevice);
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 1) == cudaSuccess);
  CHECK(value == 2);
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 2) == cudaErrorInvalidDevice);
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
  CHECK(std::string(properties.name) == "host execution");
  CHECK(properties.maxThreadsDim[2] == 64 && properties.maxGridSize[0] == 0x7fffffff);
  CHECK(properties.major == 9 && properties.totalGlobalMem == kGiB);
}

TEST(an_error_is_remembered_until_it_is_asked_for) {
  cudaGetLastError();
  CHECK(cudaSetDevice(9) == cudaErrorInvalidDevice);
  CHECK(cudaPeekAtLastError() == cudaErrorInvalidDevice);
  CHECK(cudaGetLastError() == cudaErrorInvalidDevice);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(std::string(cudaGetErrorName(cudaErrorMemoryAllocation)) == "cudaErrorMemoryAllocation");
  CHECK(std::string(cudaGetErrorString(cudaErrorMemoryAllocation)) == "out of memory");
}

TEST(memory_is_bounded_and_comes_back) {
  std::size_t before = 0, during = 0, after = 0, total = 0;
  cudaMemGetInfo(&before, &total);
  CHECK(total == kGiB);
  {
    const Block half(kGiB / 2), other(kGiB / 2 - (1 << 20)), third(2 << 20);
    CHECK(half.data != nullptr && other.data != nullptr && third.data == nullptr);
    CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
    cudaMemGetInfo(&during, &total);
    CHECK(before - during >= kGiB - (1 << 20));
    cudaSetDevice(1);
    const Block elsewhere(2 << 20);
    CHECK(elsewhere.data != nullptr);
    cudaSetDevice(0);
  }
  cudaMemGetInfo(&after, &total);
  CHECK(after == before);
  const Block again(kGiB / 2);
  CHECK(again.data != nullptr);
}

TEST(fresh_memory_is_aligned_and_holds_a_pattern) {
  for (std::size_t bytes : {1, 255, 256, 257, 100000}) {
    const Block block(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block.data) % 256 == 0);
    std::vector<unsigned char> values(bytes);
    cudaMemcpy(values.data(), block.data, bytes, cudaMemcpyDeviceToHost);
    for (unsigned char value : values) CHECK(value == 0xA5);
  }
}

TEST(freed_memory_is_not_the_next_to_be_handed_out) {
  char* first = nullptr;
  cudaMalloc(&first, 64);
  CHECK(cudaFree(first) == cudaSuccess);
  CHECK(cudaFree(first) == cudaErrorInvalidValue);
  CHECK(cudaFree(nullptr) == cudaSuccess);
  int host = 0;
  CHECK(cudaFree(&host) == cudaErrorInvalidValue);
  const Block next(64);
  CHECK(next.data != first);
  CHECK(cudaFree(next.data + 1) == cudaErrorInvalidValue);
}

TEST(copies_go_where_their_kind_says) {
  const Block a(100), b(100);
  std::vector<char> from(100), to(100);
  std::iota(from.begin(), from.end(), char{0});
  CHECK(cudaMemcpy(a.data, from.data(), 100, cudaMemcpyHostToDevice) == cudaSuccess);
  CHECK(cudaMemcpy(b.data, a.data, 100, cudaMemcpyDeviceToDevice) == cudaSuccess);
  CHECK(cudaMemcpy(to.data(), b.data, 100, cudaMemcpyDefault) == cudaSuccess);
  CHECK(from == to);
  for (cudaMemcpyKind kind :
       {cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost}) {
    CHECK(cudaMemcpy(a.data, b.data, 1, kind) == cudaErrorInvalidValue);
  }
  CHECK(cudaMemcpy(a.data, from.data(), 1, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(a.data, from.data(), 1, static_cast<cudaMemcpyKind>(9)) ==
        cudaErrorInvalidMemcpyDirection);
  CHECK(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyHostToDevice) == cudaSuccess);
}

TEST(copies_stay_within_allocations) {
  const Block a(100), b(100);
  std::vector<char> host(300);
  CHECK(cudaMemcpy(a.data, host.data(), 101, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), a.data + 1, 100, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(a.data + 1, b.data, 99, cudaMemcpyDeviceToDevice) == cudaSuccess);
  CHECK(cudaMemcpy(a.data, b.data + 1, 100, cudaMemcpyDeviceToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemset(a.data, 1, 100) == cudaSuccess);
  CHECK(cudaMemset(a.data, 1, 101) == cudaErrorInvalidValue);
  CHECK(cudaMemset(a.data - 1, 1, 1) == cudaErrorInvalidValue);
  CHECK(cudaMemset(host.data(), 1, 1) == cudaErrorInvalidValue);
  CHECK(cudaMemset(a.data, 1, ~std::size_t{0}) == cudaErrorInvalidValue);
}

TEST(copies_between_devices_name_the_right_ones) {
  const Block a(10);
  cudaSetDevice(1);
  const Block b(10);
  cudaSetDevice(0);
  CHECK(cudaMemcpyPeerAsync(b.data, 1, a.data, 0, 10) == cudaSuccess);
  CHECK(cudaMemcpyPeerAsync(b.data, 0, a.data, 1, 10) == cudaErrorInvalidValue);
}

TEST(pointers_are_known) {
  const Block block(10);
  char* pinned = nullptr;
  CHECK(cudaMallocHost(&pinned, 10) == cudaSuccess);
  cudaPointerAttributes attributes;
  cudaPointerGetAttributes(&attributes, block.data + 3);
  CHECK(attributes.type == cudaMemoryTypeDevice && attributes.device == 0);
  cudaPointerGetAttributes(&attributes, pinned + 9);
  CHECK(attributes.type == cudaMemoryTypeHost);
  cudaPointerGetAttributes(&attributes, &attributes);
  CHECK(attributes.type == cudaMemoryTypeUnregistered);
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
  CHECK(cudaFreeHost(pinned) == cudaErrorInvalidValue);
}

TEST(handles_of_streams_and_events_are_checked) {
  cudaStream_t stream = nullptr, other = nullptr;
  cudaEvent_t start = nullptr, end = nullptr;
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  CHECK(cudaEventCreate(&start) == cudaSuccess && cudaEventCreate(&end) == cudaSuccess);
  float milliseconds = -1;
  CHECK(cudaEventElapsedTime(&milliseconds, start, end) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(start, stream) == cudaSuccess && cudaEventRecord(end) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, start, end) == cudaSuccess && milliseconds >= 0);
  CHECK(cudaStreamWaitEvent(stream, end) == cudaSuccess);
  CHECK(launch_nothing(1, 1, stream) == cudaSuccess);

  cudaSetDevice(1);
  CHECK(launch_nothing(1, 1, stream) == cudaErrorInvalidResourceHandle);
  CHECK(cudaStreamCreate(&other) == cudaSuccess);
  CHECK(cudaEventRecord(start, other) == cudaErrorInvalidResourceHandle);
  CHECK(cudaStreamDestroy(other) == cudaSuccess);
  cudaSetDevice(0);

  CHECK(cudaEventDestroy(start) == cudaSuccess && cudaEventDestroy(end) == cudaSuccess);
  CHECK(cudaEventQuery(start) == cudaErrorInvalidResourceHandle);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
  CHECK(cudaStreamDestroy(stream) == cudaErrorInvalidResourceHandle);
  CHECK(launch_nothing(1, 1, stream) == cudaErrorInvalidResourceHandle);
  CHECK(cudaMemsetAsync(nullptr, 0, 0, stream) == cudaErrorInvalidResourceHandle);
}

TEST(a_launch_has_limits) {
  CHECK(launch_nothing(1, 1024) == cudaSuccess);
  CHECK(launch_nothing(dim3(1, 65535, 1), dim3(2, 2, 64)) == cudaSuccess);
  const dim3 blocks[] = {0, dim3(1, 0), dim3(1, 1, 0), 1025, dim3(33, 32), dim3(1, 1, 65)};
  for (dim3 block : blocks) CHECK(launch_nothing(1, block) == cudaErrorInvalidConfiguration);
  const dim3 grids[] = {0,           dim3(1, 0),     dim3(1, 1, 0),
                        0x80000000u, dim3(1, 65536), dim3(1, 1, 65536)};
  for (dim3 grid : grids) CHECK(launch_nothing(grid, 1) == cudaErrorInvalidConfiguration);
  CHECK(launch_nothing(1, 1, nullptr, 49152) == cudaSuccess);
  CHECK(launch_nothing(1, 1, nullptr, 49153) == cudaErrorInvalidConfiguration);
  CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
}

TEST(profiling_ranges_do_nothing) {
  CHECK(nvtxRangePushA("range") == 0 && nvtxRangePop() == 0);
}
