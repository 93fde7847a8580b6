// Kernels that are right give the right results, in every order of blocks and threads.

#include <numeric>
#include <thread>

#include "cuda_host/host_execution.h"
#include "device.h"

namespace {

using needle::tests::DeviceArray;
using needle::tests::launch;

constexpr int kThreads = 256;
constexpr unsigned kAllLanes = 0xffffffffu;

/// Runs `test` in the ascending order and in others.
template <class Test>
void in_several_orders(Test test) {
  for (unsigned seed : {0u, 1u, 2u, 3u}) {
    needle::host::set_order(seed);
    test();
  }
  needle::host::set_order(0);
}

/// Small whole numbers: sums of them are exact in every order.
std::vector<float> numbers(int size) {
  std::vector<float> values(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(i % 17);
  return values;
}

float sum(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0f);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    reduce_in_shared_memory(const T* in, T* out, unsigned size) {
  __shared__ T partial[kThreads];
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
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
  for (unsigned step = 16; step > 0; step /= 2) value += __shfl_down_sync(kAllLanes, value, step);
  return value;
}

__global__ void reduce_by_shuffles(const float* __restrict__ in, float* out, unsigned size) {
  __shared__ float partial[32];
  float value = 0;
  for (unsigned i = threadIdx.x; i < size; i += blockDim.x) value += in[i];
  value = warp_sum(value);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x >= 32) return;
  value = warp_sum(threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0.0f);
  if (threadIdx.x == 0) *out = value;
}

/// The last steps of a reduction, in shared memory, by one warp.
__global__ void reduce_in_one_warp(const float* in, float* out) {
  __shared__ float partial[32];
  partial[threadIdx.x] = in[threadIdx.x];
  __syncwarp();
  for (unsigned step = 16; step > 0; step /= 2) {
    float other = 0;
    if (threadIdx.x < step) other = partial[threadIdx.x + step];
    __syncwarp();
    if (threadIdx.x < step) partial[threadIdx.x] += other;
    __syncwarp();
  }
  if (threadIdx.x == 0) *out = partial[0];
}

__global__ void transpose(const float* in, float* out, unsigned rows, unsigned columns) {
  __shared__ float tile[8][9];
  unsigned row = blockIdx.y * 8 + threadIdx.y, column = blockIdx.x * 8 + threadIdx.x;
  if (row < rows && column < columns) tile[threadIdx.y][threadIdx.x] = in[row * columns + column];
  __syncthreads();
  row = blockIdx.x * 8 + threadIdx.y;
  column = blockIdx.y * 8 + threadIdx.x;
  if (row < columns && column < rows) out[row * rows + column] = tile[threadIdx.x][threadIdx.y];
}

__global__ void histogram(const unsigned char* in, unsigned* counts, unsigned size) {
  __shared__ unsigned local[16];
  if (threadIdx.x < 16) local[threadIdx.x] = 0;
  __syncthreads();
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x) {
    atomicAdd(&local[in[i] % 16], 1u);
  }
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&counts[threadIdx.x], local[threadIdx.x]);
}

/// c = a b for n x n matrices, n a multiple of 16; loads four numbers at a time.
__global__ void matmul(const float* a, const float* b, float* c, unsigned n) {
  alignas(16) __shared__ float tile_a[16][16];
  __shared__ __align__(16) float tile_b[16][16];
  const unsigned row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + 4 * threadIdx.x;
  float4 total = make_float4(0, 0, 0, 0);
  const auto four = [](auto* data) { return reinterpret_cast<float4*>(data); };
  const auto four_of = [](const float* data) { return *reinterpret_cast<const float4*>(data); };
  for (unsigned k = 0; k < n; k += 16) {
    *four(&tile_a[threadIdx.y][4 * threadIdx.x]) = four_of(&a[row * n + k + 4 * threadIdx.x]);
    *four(&tile_b[threadIdx.y][4 * threadIdx.x]) = four_of(&b[(k + threadIdx.y) * n + column]);
    __syncthreads();
    for (unsigned i = 0; i < 16; ++i) {
      const float x = tile_a[threadIdx.y][i];
      const float4 y = four_of(&tile_b[i][4 * threadIdx.x]);
      total = make_float4(fmaf(x, y.x, total.x), fmaf(x, y.y, total.y), fmaf(x, y.z, total.z),
                          fmaf(x, y.w, total.w));
    }
    __syncthreads();
  }
  *four(&c[row * n + column]) = total;
}

/// Each thread's linear number, from its coordinates.
__global__ void number_threads(unsigned* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  __syncthreads();
  const unsigned i = block * blockDim.x * blockDim.y * blockDim.z + thread;
  out[i] = i;
}

struct Pair {
  float a;
  double b;
};

__constant__ float kTable[4] = {2, 3, 5, 7};

__global__ void use_everything_else(Pair pair, const float* in, float* out) {
  const int votes = __syncthreads_count(threadIdx.x % 2 == 0);
  const int any = __syncthreads_or(threadIdx.x == 5), all = __syncthreads_and(threadIdx.x != 5);
  out[threadIdx.x] = __ldg(in + threadIdx.x) + kTable[threadIdx.x % 4] + pair.a +
                     static_cast<float>(pair.b) + static_cast<float>(votes + 10 * any + 100 * all);
}

__device__ __noinline__ double deep(const double* above, int depth) {
  double local[1024];
  for (int i = 0; i < 1024; ++i) local[i] = above[i] + 1;
  return depth == 0 ? local[1023] : deep(local, depth - 1) + local[0];
}

__global__ void use_much_stack(double* out) {
  double zeros[1024] = {};
  __syncthreads();
  const double result = deep(zeros, 15);
  __syncthreads();
  out[threadIdx.x] = result;
}

}  // namespace

TEST(a_reduction_in_shared_memory) {
  in_several_orders([] {
    const std::vector<float> values = numbers(1000);
    const DeviceArray<float> in(values), out(4);
    launch(4, kThreads, reduce_in_shared_memory<float>, in.data(), out.data(), 1000u);
    CHECK(sum(out.values()) == sum(values));
  });
}

TEST(a_reduction_by_shuffles_of_1024_threads) {
  in_several_orders([] {
    const std::vector<float> values = numbers(3333);
    const DeviceArray<float> in(values), out(1);
    launch(1, 1024, reduce_by_shuffles, in.data(), out.data(), 3333u);
    CHECK(out.values()[0] == sum(values));
  });
}

TEST(a_reduction_in_one_warp) {
  in_several_orders([] {
    const std::vector<float> values = numbers(32);
    const DeviceArray<float> in(values), out(1);
    launch(1, 32, reduce_in_one_warp, in.data(), out.data());
    CHECK(out.values()[0] == sum(values));
  });
}

TEST(a_transposition_by_tiles) {
  in_several_orders([] {
    const unsigned rows = 13, columns = 21;
    const std::vector<float> values = numbers(rows * columns);
    const DeviceArray<float> in(values), out(values.size());
    launch(dim3(3, 2), dim3(8, 8), transpose, in.data(), out.data(), rows, columns);
    const std::vector<float> result = out.values();
    for (unsigned i = 0; i < rows * columns; ++i) {
      CHECK(result[i % columns * rows + i / columns] == values[i]);
    }
  });
}

TEST(a_histogram_by_atomics) {
  in_several_orders([] {
    std::vector<unsigned char> values(5000);
    std::vector<unsigned> expected(16);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<unsigned char>(i * i % 251);
      ++expected[values[i] % 16];
    }
    const DeviceArray<unsigned char> in(values);
    const DeviceArray<unsigned> counts(std::vector<unsigned>(16));
    launch(5, 96, histogram, in.data(), counts.data(), 5000u);
    CHECK(counts.values() == expected);
  });
}

TEST(a_matrix_product_by_tiles_and_vectors) {
  in_several_orders([] {
    constexpr unsigned n = 32;
    const std::vector<float> values = numbers(n * n);
    const DeviceArray<float> a(values), b(values), c(n * n);
    launch(dim3(2, 2), dim3(4, 16), matmul, a.data(), b.data(), c.data(), n);
    const std::vector<float> result = c.values();
    for (unsigned i = 0; i < n * n; ++i) {
      float expected = 0;
      for (unsigned k = 0; k < n; ++k) expected += values[i / n * n + k] * values[k * n + i % n];
      CHECK(result[i] == expected);
    }
  });
}

TEST(blocks_and_grids_have_three_dimensions) {
  in_several_orders([] {
    const dim3 grid(2, 3, 4), block(5, 7, 2);
    const DeviceArray<unsigned> out(24 * 70);
    launch(grid, block, number_threads, out.data());
    std::vector<unsigned> expected(24 * 70);
    std::iota(expected.begin(), expected.end(), 0u);
    CHECK(out.values() == expected);
  });
}

TEST(votes_constants_and_arguments_by_value) {
  const std::vector<float> values = numbers(64);
  const DeviceArray<float> in(values), out(64);
  launch(1, 64, use_everything_else, Pair{1000, 2000}, in.data(), out.data());
  const std::vector<float> result = out.values();
  const float table[] = {2, 3, 5, 7};
  for (std::size_t i = 0; i < 64; ++i) CHECK(result[i] == values[i] + table[i % 4] + 3000 + 42);
}

TEST(nested_calls_with_large_local_arrays) {
  const DeviceArray<double> out(40);
  launch(1, 40, use_much_stack, out.data());
  // deep(0..15) sees zeros raised by 1 ... 16.
  for (double value : out.values()) CHECK(value == 16 + 15 * 16 / 2);
}

TEST(several_threads_of_the_system_launch_at_once) {
  const std::vector<float> values = numbers(1000);
  std::vector<float> results(6);
  std::vector<std::thread> threads;
  for (float& result : results) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        const DeviceArray<float> in(values), out(1);
        launch(1, kThreads, reduce_by_shuffles, in.data(), out.data(), 1000u);
        result += out.values()[0];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (float result : results) CHECK(result == 10 * sum(values));
}
