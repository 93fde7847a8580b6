// What lanes get from each other, and in which order threads and blocks run.

#include <algorithm>
#include <numeric>

#include "cuda_host/host_execution.h"
#include "device.h"

namespace {

using needle::tests::DeviceArray;
using needle::tests::fails;
using needle::tests::launch;

constexpr unsigned kAllLanes = 0xffffffffu;

enum Kind { kPlain, kUp, kDown, kXor };

template <class T>
__global__ void exchange(T* data, int kind, int argument, int width) {
  T value = data[threadIdx.x];
  if (kind == kPlain) value = __shfl_sync(kAllLanes, value, argument, width);
  if (kind == kUp) value = __shfl_up_sync(kAllLanes, value, static_cast<unsigned>(argument), width);
  if (kind == kDown) {
    value = __shfl_down_sync(kAllLanes, value, static_cast<unsigned>(argument), width);
  }
  if (kind == kXor) value = __shfl_xor_sync(kAllLanes, value, argument, width);
  data[threadIdx.x] = value;
}

/// The lane that a shuffle reads, by way of the segment that the lane is in.
int source(int kind, int lane, int argument, int width) {
  const int first = lane / width * width;
  const int last = first + width - 1;
  int wanted = first + (argument % width + width) % width;
  if (kind == kUp) wanted = lane - argument >= first ? lane - argument : lane;
  if (kind == kDown) wanted = lane + argument <= last ? lane + argument : lane;
  if (kind == kXor) wanted = (lane ^ argument) <= last ? (lane ^ argument) : lane;
  return wanted;
}

template <class T>
void check_exchange(int kind, int argument, int width) {
  std::vector<T> values(64);
  for (std::size_t i = 0; i < 64; ++i) values[i] = static_cast<T>(1000 + 3 * i);
  const DeviceArray<T> data(values);
  launch(1, 64, exchange<T>, data.data(), kind, argument, width);
  const std::vector<T> result = data.values();
  for (int i = 0; i < 64; ++i) {
    const int lane = i / 32 * 32 + source(kind, i % 32, argument, width);
    CHECK(result[static_cast<std::size_t>(i)] == values[static_cast<std::size_t>(lane)]);
  }
}

__global__ void vote(unsigned* out) {
  const unsigned lane = threadIdx.x;
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  const bool odd = lane % 2 == 1;
  out[lane] = __ballot_sync(half, odd) + (__any_sync(half, lane == 3) ? 1u : 0u) +
              (__all_sync(half, lane >= 16) ? 2u : 0u);
}

/// Lanes with the same mask, in different calls: they do not meet.
__global__ void part(unsigned* out) {
  unsigned value = threadIdx.x;
  if (threadIdx.x % 2 == 0) {
    value = __shfl_xor_sync(0x55555555u, value, 2);
  } else {
    value = __shfl_xor_sync(0xaaaaaaaau, value, 4);
  }
  out[threadIdx.x] = value;
}

__global__ void ask_outside_the_mask(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1, 20);
}

__global__ void strange_width(int* out, int width) {
  out[threadIdx.x] = __shfl_sync(kAllLanes, 1, 0, width);
}

__global__ void two_calls_of_one_kind(int* out) {
  if (threadIdx.x < 16) {
    __syncwarp();
  } else {
    __syncwarp();
  }
  out[threadIdx.x] = 1;
}

__global__ void take_a_number(unsigned* counter, unsigned* threads, unsigned* blocks) {
  const unsigned number = atomicAdd(counter, 1u);
  if (blockIdx.x == 0) threads[threadIdx.x] = number;
  if (threadIdx.x == 0) blocks[blockIdx.x] = number;
}

struct Numbers {
  std::vector<unsigned> threads, blocks;
};

/// In which order 64 threads and 64 blocks ran.
Numbers take_numbers(unsigned seed) {
  needle::host::set_order(seed);
  const DeviceArray<unsigned> counter(std::vector<unsigned>(1)), threads(64), blocks(64);
  launch(64, 64, take_a_number, counter.data(), threads.data(), blocks.data());
  needle::host::set_order(0);
  CHECK(counter.values()[0] == 64 * 64);
  return {threads.values(), blocks.values()};
}

bool ascending(const std::vector<unsigned>& values) {
  return std::is_sorted(values.begin(), values.end());
}

}  // namespace

TEST(shuffles_read_the_lanes_of_their_definition) {
  for (int width : {1, 2, 8, 16, 32}) {
    for (int argument : {0, 1, 3, 7, 8, 17, 31}) {
      for (int kind : {kPlain, kUp, kDown, kXor}) check_exchange<int>(kind, argument, width);
    }
  }
  check_exchange<unsigned>(kXor, 5, 32);
  check_exchange<long>(kXor, 5, 32);
  check_exchange<unsigned long>(kXor, 5, 32);
  check_exchange<long long>(kDown, 1, 32);
  check_exchange<unsigned long long>(kUp, 5, 32);
  check_exchange<float>(kPlain, 9, 16);
  check_exchange<double>(kXor, 5, 32);
}

TEST(votes_count_the_lanes_of_their_mask) {
  const DeviceArray<unsigned> out(32);
  launch(1, 32, vote, out.data());
  const std::vector<unsigned> result = out.values();
  for (unsigned lane = 0; lane < 32; ++lane) {
    CHECK(result[lane] == (lane < 16 ? 0x0000aaaau + 1 : 0xaaaa0000u + 2));
  }
  launch(1, 32, part, out.data());
  for (unsigned lane = 0; lane < 32; ++lane) {
    CHECK(out.values()[lane] == (lane % 2 == 0 ? lane ^ 2 : lane ^ 4));
  }
}

TEST(shuffles_without_meaning_are_errors) {
  const DeviceArray<int> out(32);
  CHECK(fails([&] { launch(1, 32, ask_outside_the_mask, out.data()); },
              "asks for the value of a lane that is not in the mask"));
  CHECK(fails([&] { launch(1, 32, strange_width, out.data(), 12); }, "width 12"));
  CHECK(fails([&] { launch(1, 32, strange_width, out.data(), 0); }, "width 0"));
  CHECK(fails([&] { launch(1, 32, strange_width, out.data(), 64); }, "width 64"));
  CHECK(fails([&] { launch(1, 32, two_calls_of_one_kind, out.data()); }, "incomplete warp"));
}

TEST(threads_and_blocks_run_in_the_order_that_was_set) {
  const Numbers plain = take_numbers(0), first = take_numbers(1), second = take_numbers(2);
  CHECK(ascending(plain.threads) && ascending(plain.blocks));
  CHECK(!ascending(first.threads) && !ascending(first.blocks));
  CHECK(first.threads != second.threads && first.blocks != second.blocks);
  CHECK(take_numbers(1).threads == first.threads);
}
