// Addresses, barriers and shuffles that are wrong, planted into kernels one by one.

#include "cuda_host/host_execution.h"
#include "device.h"

namespace {

using needle::tests::DeviceArray;
using needle::tests::fails;
using needle::tests::launch;
using needle::tests::require;

template <class T>
__global__ void read_at(const T* data, int index, T* out) {
  *out = data[index];
}

template <class T>
__global__ void write_at(T* data, int index) {
  data[index] = T{};
}

struct Odd {
  unsigned char bytes[37];
};

template <class T>
__global__ void copy_at(const T* from, T* to, int index) {
  to[index] = from[index];
}

/// Vectors that the compiler may take apart.
__global__ void add_parts(const float4* from, float* to) {
  const float4 vector = *from;
  *to = vector.x + vector.y + vector.z + vector.w;
}

__global__ void set_parts(float4* to, float value) {
  *to = make_float4(value, 2 * value, 3 * value, 4 * value);
}

__global__ void add_at(int* data, int index) {
  atomicAdd(data + index, 1);
}

__global__ void share_a_local(int* out) {
  __shared__ int* shared;
  int local = 1;
  if (threadIdx.x == 0) shared = &local;
  __syncthreads();
  if (threadIdx.x == 1) *out = *shared;
  __syncthreads();
  *shared = local;
}

__global__ void read_unwritten(float* out) {
  __shared__ float tile[32];
  if (threadIdx.x < 31) tile[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x];
}

/// Only block 0 writes what all read: shared memory does not outlive a block.
__global__ void read_what_another_block_wrote(float* out) {
  __shared__ float value;
  if (blockIdx.x == 0) value = 1;
  out[blockIdx.x] = value;
}

/// Shared memory written by bytes and read by words, and the other way round.
__global__ void mix_sizes(unsigned* out) {
  alignas(4) __shared__ unsigned char bytes[8];
  bytes[threadIdx.x] = 1;
  __syncthreads();
  if (threadIdx.x == 0) *reinterpret_cast<unsigned*>(bytes) = 0x01020304;
  __syncthreads();
  if (threadIdx.x == 0) {
    out[0] = bytes[1] + *reinterpret_cast<unsigned short*>(bytes + 2);
    out[1] = *reinterpret_cast<unsigned*>(bytes + 4);
  }
}

__constant__ int kConstant = 3;

__global__ void write_to(int* address, int* out) {
  *(address != nullptr ? address : &kConstant) = 1;
  *out = kConstant;
}

__global__ void diverge(int* out) {
  if (threadIdx.x < 8) {
    __syncthreads();
    out[0] = 1;
  } else {
    __syncthreads();
    out[threadIdx.x] = 1;
  }
}

__global__ void return_early(int* out) {
  if (threadIdx.x == 9) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void shuffle_without_all(int* out, unsigned mask) {
  if (threadIdx.x == 3) return;
  out[threadIdx.x] = __shfl_sync(mask, out[threadIdx.x], 5);
}

__global__ void vote_and_shuffle(int* out) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __any_sync(0xffffffffu, 1);
  } else {
    out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 1);
  }
}

__global__ void wait_at_barrier_and_warp(int* out) {
  if (threadIdx.x < 32) __syncwarp();
  if (threadIdx.x % 32 == 0) {
    __syncthreads();
  } else {
    __syncwarp();
  }
  out[0] = 1;
}

__global__ void trap_in_thread(unsigned thread) {
  if (threadIdx.x == thread) __trap();
}

}  // namespace

TEST(an_index_out_of_bounds_is_outside) {
  const DeviceArray<float> data(std::vector<float>(10)), out(1);
  const auto reads = [&](int index) {
    launch(1, 1, read_at<float>, data.data(), index, out.data());
  };
  reads(0);
  reads(9);
  CHECK(fails([&] { reads(10); }, "outside: read at 0 bytes past the end of an allocation of 40"));
  CHECK(fails([&] { reads(12); }, "8 bytes past the end"));
  CHECK(fails([&] { launch(1, 1, write_at<float>, data.data(), 10); }, "outside: write"));
  CHECK(fails([&] { launch(1, 1, write_at<float>, data.data(), -1); },
              "outside: write at 4 bytes before an allocation of 40 bytes"));
  CHECK(fails([&] { launch(1, 1, write_at<double>, reinterpret_cast<double*>(data.data()), 5); },
              "outside"));
  const DeviceArray<int> counts(3);
  CHECK(fails([&] { launch(1, 1, add_at, counts.data(), 3); }, "outside: atomic operation"));
  reads(3);
}

TEST(an_access_over_the_end_of_odd_sizes_is_outside) {
  for (int size = 1; size < 40; ++size) {
    const DeviceArray<unsigned char> data(
        std::vector<unsigned char>(static_cast<std::size_t>(size)));
    launch(1, 1, write_at<unsigned char>, data.data(), size - 1);
    CHECK(fails([&] { launch(1, 1, write_at<unsigned char>, data.data(), size); }, "outside"));
    auto* words = reinterpret_cast<float4*>(data.data());
    if (size >= 16) launch(1, 1, write_at<float4>, words, size / 16 - 1);
    CHECK(fails([&] { launch(1, 1, write_at<float4>, words, size / 16); }, "outside"));
  }
}

TEST(a_large_structure_is_checked_to_its_end) {
  const DeviceArray<Odd> data(2), longer(3);
  launch(1, 1, copy_at<Odd>, longer.data(), data.data(), 1);
  CHECK(
      fails([&] { launch(1, 1, copy_at<Odd>, longer.data(), data.data(), 2); }, "outside: write"));
  CHECK(fails([&] { launch(1, 1, copy_at<Odd>, data.data(), longer.data(), 2); }, "outside: read"));
}

TEST(memory_of_others_is_outside) {
  const DeviceArray<float> out(1);
  float* freed = nullptr;
  require(cudaMalloc(&freed, 64));
  require(cudaFree(freed));
  CHECK(fails([&] { launch(1, 1, write_at<float>, freed, 0); },
              "element 0 (of 4 bytes) in freed memory of 64 bytes"));
  float host = 0;
  CHECK(fails([&] { launch(1, 1, write_at<float>, &host, 0); },
              "outside: write at an address of the host"));
  std::vector<float> heap(1000);
  CHECK(fails([&] { launch(1, 1, read_at<float>, heap.data(), 3, out.data()); },
              "an address of the host"));
  CHECK(fails([&] { launch(1, 1, read_at<float>, nullptr, 0, out.data()); },
              "an address of the host"));

  require(cudaSetDevice(1));
  CHECK(fails([&] { launch(1, 1, write_at<float>, out.data(), 0); },
              "device 0, which is another one: element 0"));
  {
    const DeviceArray<float> own(1);
    launch(1, 1, write_at<float>, own.data(), 0);
  }
  require(cudaSetDevice(0));
  launch(1, 1, write_at<float>, out.data(), 0);
}

TEST(what_an_allocator_keeps_is_outside) {
  char* block = nullptr;
  require(cudaMalloc(&block, 1024));
  launch(1, 1, write_at<char>, block, 1023);
  needle_cuda_host_set_usable(block, 100, 512);
  launch(1, 1, write_at<char>, block, 99);
  CHECK(fails([&] { launch(1, 1, write_at<char>, block, 100); },
              "past the end of an allocation of 100"));
  CHECK(cudaMemset(block, 0, 101) == cudaErrorInvalidValue);
  needle_cuda_host_set_usable(block, 0, 512);
  CHECK(fails([&] { launch(1, 1, write_at<char>, block, 0); }, "freed"));
  needle_cuda_host_set_usable(block, 512, 512);
  launch(1, 1, write_at<char>, block, 511);
  needle_cuda_host_set_usable(block + 512, 100, 512);
  CHECK(fails([&] { launch(1, 1, write_at<char>, block, 612); }, "an allocation of 100 bytes"));
  require(cudaFree(block));
  CHECK(fails([&] { launch(1, 1, write_at<char>, block, 512); },
              "0 bytes past the end of freed memory of 512 bytes"));
}

TEST(a_vector_that_is_not_aligned_is_an_error) {
  const DeviceArray<float> data(std::vector<float>(16)), out(4);
  auto* target = reinterpret_cast<float4*>(out.data());
  launch(1, 1, read_at<float4>, reinterpret_cast<float4*>(data.data() + 4), 0, target);
  CHECK(fails(
      [&] { launch(1, 1, read_at<float4>, reinterpret_cast<float4*>(data.data() + 2), 0, target); },
      "misaligned: access at element 0 (of 16 bytes)"));
}

TEST(a_vector_that_is_taken_apart_must_be_aligned_too) {
  const DeviceArray<float> data(std::vector<float>(16, 1.0f)), out(1);
  const auto at = [&](int i) { return reinterpret_cast<float4*>(data.data() + i); };
  for (int i = 0; i < 16; i += 4) {
    launch(1, 1, add_parts, at(i), out.data());
    CHECK(out.values()[0] == 4.0f);
  }
  for (int i : {1, 2, 3, 5}) {
    CHECK(fails([&] { launch(1, 1, add_parts, at(i), out.data()); },
                "misaligned: access at element"));
    CHECK(fails([&] { launch(1, 1, add_parts, at(i), out.data()); }, "in an allocation of 64"));
    CHECK(fails([&] { launch(1, 1, add_parts, at(i), out.data()); }, "add_parts"));
    CHECK(fails([&] { launch(1, 1, set_parts, at(i), 1.0f); }, "misaligned: access"));
  }
  launch(1, 1, set_parts, at(8), 2.0f);
  CHECK(data.values()[11] == 8.0f);
  needle::host::set_checks(false);
  launch(1, 1, add_parts, at(1), out.data());
  needle::host::set_checks(true);
  CHECK(out.values()[0] == 4.0f);
}

TEST(another_threads_local_variable_is_outside) {
  const DeviceArray<int> out(1);
  CHECK(fails([&] { launch(1, 2, share_a_local, out.data()); }, "another thread's local memory"));
}

TEST(shared_memory_that_nobody_wrote_is_an_error) {
  const DeviceArray<float> out(32);
  launch(1, 31, read_unwritten, out.data());
  CHECK(fails([&] { launch(1, 32, read_unwritten, out.data()); }, "uninitialised shared memory"));
  launch(1, 1, read_what_another_block_wrote, out.data());
  CHECK(fails([&] { launch(2, 1, read_what_another_block_wrote, out.data()); },
              "uninitialised shared memory: read at element 0 (of 4 bytes) of the variable"));
  const DeviceArray<unsigned> words(2);
  launch(1, 8, mix_sizes, words.data());
  CHECK(words.values()[0] == 0x03u + 0x0102u && words.values()[1] == 0x01010101u);
}

TEST(a_constant_may_only_be_read) {
  const DeviceArray<int> out(2);
  launch(1, 1, write_to, out.data() + 1, out.data());
  CHECK(out.values()[0] == 3);
  CHECK(fails([&] { launch(1, 1, write_to, nullptr, out.data()); }, "outside: write"));
}

TEST(threads_that_part_before_a_barrier_are_an_error) {
  const DeviceArray<int> out(64);
  CHECK(fails([&] { launch(1, 64, diverge, out.data()); }, "divergent barrier"));
  CHECK(fails([&] { launch(1, 64, diverge, out.data()); }, "__syncthreads ("));
  CHECK(fails([&] { launch(1, 64, diverge, out.data()); }, "test_faults.cu:"));
  CHECK(fails([&] { launch(1, 64, return_early, out.data()); },
              "waits for thread (9, 0, 0), which has ended"));
  launch(1, 8, return_early, out.data());
}

TEST(a_warp_that_is_not_complete_is_an_error) {
  const DeviceArray<int> out(std::vector<int>(64));
  launch(1, 32, shuffle_without_all, out.data(), 0xfffffff7u);
  CHECK(fails([&] { launch(1, 32, shuffle_without_all, out.data(), 0xffffffffu); },
              "waits for thread (3, 0, 0), which has ended"));
  CHECK(fails([&] { launch(1, 16, shuffle_without_all, out.data(), 0xfffffff7u); },
              "waits for lane 16, which the block does not have"));
  CHECK(fails([&] { launch(1, 32, shuffle_without_all, out.data(), 0x00000077u); },
              "mask that lacks the lane itself"));
  CHECK(fails([&] { launch(1, 32, shuffle_without_all, out.data(), 0xffffffd7u); },
              "mask that lacks the lane itself"));
  CHECK(fails([&] { launch(1, 32, vote_and_shuffle, out.data()); }, "__any_sync ("));
  CHECK(fails([&] { launch(1, 32, vote_and_shuffle, out.data()); },
              "which waits at __shfl_xor_sync ("));
  CHECK(fails([&] { launch(1, 64, wait_at_barrier_and_warp, out.data()); },
              "which waits at __syncthreads ("));
}

TEST(a_trap_ends_the_launch) {
  launch(1, 4, trap_in_thread, 4u);
  CHECK(fails([&] { launch(1, 4, trap_in_thread, 2u); }, "trap: __trap ("));
}

TEST(checks_can_be_switched_off) {
  const DeviceArray<float> data(std::vector<float>(10));
  needle::host::set_checks(false);
  launch(1, 1, write_at<float>, data.data(), 10);
  needle::host::set_checks(true);
  CHECK(fails([&] { launch(1, 1, write_at<float>, data.data(), 10); }, "outside"));
}
