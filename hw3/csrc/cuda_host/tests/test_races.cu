// Accesses that nothing orders, planted into kernels one by one.

#include "cuda_host/host_execution.h"
#include "device.h"

namespace {

using needle::tests::DeviceArray;
using needle::tests::fails;
using needle::tests::launch;

DeviceArray<float> zeros(std::size_t size) {
  return DeviceArray<float>(std::vector<float>(size));
}

/// Turns 64 numbers around twice; one of the barriers may be missing.
template <bool before_read, bool before_rewrite>
__global__ void turn_twice(float* data) {
  __shared__ float tile[64];
  tile[threadIdx.x] = 0;
  __syncthreads();
  tile[threadIdx.x] = data[threadIdx.x];
  if (before_read) __syncthreads();
  const float turned = tile[63 - threadIdx.x];
  if (before_rewrite) __syncthreads();
  tile[threadIdx.x] = turned + 1;
  __syncthreads();
  data[threadIdx.x] = tile[63 - threadIdx.x];
}

/// Hands numbers to the next lane; without the second `__syncwarp` the next round comes too early.
template <bool all>
__global__ void hand_over(float* data) {
  __shared__ float slot[32];
  float value = data[threadIdx.x];
  for (int round = 0; round < 3; ++round) {
    slot[threadIdx.x] = value;
    __syncwarp();
    value = slot[(threadIdx.x + 1) % 32];
    if (all) __syncwarp();
  }
  data[threadIdx.x] = value;
}

/// The halves of a warp synchronise by themselves; reading across needs the whole.
template <bool across>
__global__ void synchronise_halves(float* data) {
  __shared__ float slot[32];
  slot[threadIdx.x] = 0;
  __syncwarp();
  slot[threadIdx.x] = data[threadIdx.x];
  __syncwarp(threadIdx.x < 16 ? 0x0000ffffu : 0xffff0000u);
  data[threadIdx.x] = slot[across ? 31 - threadIdx.x : threadIdx.x ^ 15];
}

/// Lane 0 meets 1, then 1 meets 2: so 2 may read what 0 wrote.
template <bool chain>
__global__ void pass_along(float* data) {
  __shared__ float slot;
  const unsigned lane = threadIdx.x;
  if (lane == 0) slot = data[0];
  if (lane < 2) __syncwarp(3);
  if (chain && (lane == 1 || lane == 2)) __syncwarp(6);
  if (lane == 2) data[2] = slot;
}

/// A barrier of each warp orders nothing between the two.
__global__ void read_across_warps(float* data, float* out) {
  data[threadIdx.x] = 1;
  __syncwarp();
  if (threadIdx.x >= 32) out[threadIdx.x] = data[threadIdx.x - 32];
}

/// The last reader of one warp is ordered after its own, but not after the other's.
template <bool both>
__global__ void read_in_two_warps(float* data, float* out) {
  if (both || threadIdx.x >= 32) out[threadIdx.x] = data[0];
  __syncwarp();
  if (threadIdx.x == 63) data[0] = 1;
}

__global__ void last_reader_writes(float* data, float* out) {
  out[threadIdx.x] = data[0];
  if (threadIdx.x == blockDim.x - 1) data[0] = 1;
}

__global__ void write_one_place(float* data) {
  if (threadIdx.x == 0) data[0] = 1;
}

__global__ void read_what_others_write(float* data) {
  data[blockIdx.x] = 1;
  data[8 + blockIdx.x] = data[(blockIdx.x + 1) % 8];
}

__global__ void write_beside_atomics(int* data) {
  if (threadIdx.x == 7) {
    data[0] = 5;
  } else {
    atomicAdd(data, 1);
  }
}

__global__ void read_beside_atomics(int* data) {
  atomicAdd(data, 1);
  data[1 + threadIdx.x] = data[0];
}

/// The last block's own operation is not the only one.
__global__ void last_block_reads(int* data, int* out) {
  atomicAdd(data, 1);
  if (blockIdx.x == gridDim.x - 1) *out = data[0];
}

__global__ void only_atomics(int* data) {
  atomicAdd(data, 1);
  atomicMax(data + 1, static_cast<int>(threadIdx.x));
}

/// Bytes beside each other are different places; the word of them is all of those.
template <bool as_word>
__global__ void write_bytes(unsigned char* data) {
  data[threadIdx.x] = 1;
  if (as_word && threadIdx.x == blockDim.x - 1) *reinterpret_cast<unsigned*>(data) = 0;
}

__global__ void read_words_then_write_bytes(unsigned char* data, unsigned* out) {
  if (threadIdx.x == 0) *out = *reinterpret_cast<unsigned*>(data);
  if (threadIdx.x == 2) data[2] = 1;
}

}  // namespace

TEST(a_missing_barrier_is_a_race) {
  for (unsigned order : {0u, 1u}) {
    needle::host::set_order(order);
    const DeviceArray<float> data = zeros(64);
    launch(1, 64, turn_twice<true, true>, data.data());
    CHECK(fails([&] { launch(1, 64, turn_twice<false, true>, data.data()); }, "race"));
    CHECK(fails([&] { launch(1, 64, turn_twice<true, false>, data.data()); }, "race"));
    launch(1, 64, turn_twice<true, true>, data.data());
  }
  needle::host::set_order(0);
}

TEST(a_race_names_what_it_knows) {
  const DeviceArray<float> data = zeros(64);
  for (const char* part :
       {"race: read at element 63 (of 4 bytes) of the variable (anonymous "
        "namespace)::turn_twice<true, false>(float*)::tile",
        "after a write by thread (63, 0, 0)",
        "kernel void (anonymous namespace)::turn_twice<true, false>(float*), block (0, 0, 0), "
        "thread (0, 0, 0)",
        "addr2line"}) {
    CHECK(fails([&] { launch(1, 64, turn_twice<true, false>, data.data()); }, part));
  }
  for (const char* part : {"race: write at element 0 (of 4 bytes) in an allocation of 64 bytes",
                           "after a write by block (0, 0, 0), thread (0, 0, 0)"}) {
    const DeviceArray<float> small = zeros(16);
    CHECK(fails([&] { launch(2, 8, write_one_place, small.data()); }, part));
  }
}

TEST(a_missing_syncwarp_is_a_race) {
  const DeviceArray<float> data = zeros(64);
  launch(1, 32, hand_over<true>, data.data());
  CHECK(fails([&] { launch(1, 32, hand_over<false>, data.data()); }, "race"));
  launch(1, 32, synchronise_halves<false>, data.data());
  CHECK(fails([&] { launch(1, 32, synchronise_halves<true>, data.data()); }, "race"));
  launch(1, 32, pass_along<true>, data.data());
  CHECK(fails([&] { launch(1, 32, pass_along<false>, data.data()); }, "race"));
  const DeviceArray<float> out(64);
  launch(1, 32, read_across_warps, data.data(), out.data());
  CHECK(fails([&] { launch(1, 64, read_across_warps, data.data(), out.data()); }, "race: read"));
}

TEST(blocks_are_not_ordered) {
  const DeviceArray<float> data = zeros(16);
  launch(1, 8, write_one_place, data.data());
  launch(1, 8, write_one_place, data.data());  // launches are
  CHECK(fails([&] { launch(2, 8, write_one_place, data.data()); }, "race: write"));
  CHECK(fails([&] { launch(8, 1, read_what_others_write, data.data()); }, "race"));
}

TEST(atomics_conflict_with_all_but_atomics) {
  const DeviceArray<int> data(std::vector<int>(66));
  launch(3, 64, only_atomics, data.data());
  CHECK(data.values()[0] == 3 * 64 && data.values()[1] == 63);
  const DeviceArray<int> out(1);
  launch(1, 1, last_block_reads, data.data(), out.data());
  CHECK(fails([&] { launch(2, 1, last_block_reads, data.data(), out.data()); }, "race: read"));
  CHECK(fails([&] { launch(1, 64, write_beside_atomics, data.data()); }, "race: write"));
  CHECK(fails([&] { launch(1, 64, read_beside_atomics, data.data()); },
              "race: atomic operation at element 0"));
}

TEST(bytes_are_places_of_their_own) {
  const DeviceArray<unsigned char> data(std::vector<unsigned char>(64));
  const DeviceArray<unsigned> out(1);
  launch(1, 64, write_bytes<false>, data.data());
  launch(1, 1, write_bytes<true>, data.data());
  launch(1, 1, read_words_then_write_bytes, data.data(), out.data());
  CHECK(fails([&] { launch(1, 64, write_bytes<true>, data.data()); }, "race"));
  CHECK(fails([&] { launch(1, 3, read_words_then_write_bytes, data.data(), out.data()); },
              "race: write at element 2 (of 1 bytes)"));
}

TEST(a_writer_that_was_the_last_reader_is_found) {
  const DeviceArray<float> data = zeros(1), out(64);
  launch(1, 1, last_reader_writes, data.data(), out.data());
  launch(1, 64, read_in_two_warps<false>, data.data(), out.data());
  for (unsigned order : {0u, 1u, 2u, 3u}) {
    needle::host::set_order(order);
    CHECK(fails([&] { launch(1, 64, last_reader_writes, data.data(), out.data()); }, "race"));
    CHECK(fails([&] { launch(1, 64, read_in_two_warps<true>, data.data(), out.data()); }, "race"));
  }
  needle::host::set_order(0);
}
