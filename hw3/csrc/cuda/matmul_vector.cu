// Products of a matrix and a vector, and the second stage of sums that are cut into parts. Memory
// is what they wait for: each element of the matrix is read once, in whole lines.

#include "common/visit.h"
#include "cuda/divide.h"
#include "cuda/launch.h"
#include "cuda/matmul_job.h"
#include "cuda/offsets.h"

namespace needle::cuda {
namespace {

constexpr int kWarps = kThreads / kWarp;
constexpr int kLoads = 8;  // of a thread that do not wait for each other
constexpr std::int64_t kProductsInY = 32768;

/// The first matrix of a batch, and what it is multiplied by.
template <class T>
struct VectorArguments {
  const T *a, *x;
  T* y;
  std::int64_t rows, k, row_stride, k_stride, x_stride;
  std::int64_t depth, part_size;
  std::int64_t count;

  explicit VectorArguments(const ProductJob& job)
      : a(reinterpret_cast<const T*>(job.a.data)),
        x(reinterpret_cast<const T*>(job.b.data)),
        y(reinterpret_cast<T*>(job.c)),
        rows(job.m),
        k(job.k),
        row_stride(job.a.row_stride),
        k_stride(job.a.col_stride),
        x_stride(job.b.row_stride),
        depth(job.depth),
        part_size(job.part_size),
        count(needle::count(job.batch.shape)) {}
};

/// What a thread adds up: terms k, k + step, ... before `end`, of one row. Always in the same
/// order.
template <class T>
__device__ T dot(const VectorArguments<T>& p, const T* a, const T* x, std::int64_t k,
                 std::int64_t end, int step) {
  T sums[kLoads] = {};
  for (; k + (kLoads - 1) * step < end; k += kLoads * step) {
#pragma unroll
    for (int n = 0; n < kLoads; ++n) {
      sums[n] += a[(k + n * step) * p.k_stride] * x[(k + n * step) * p.x_stride];
    }
  }
  for (; k < end; k += step) sums[0] += a[k * p.k_stride] * x[k * p.x_stride];
#pragma unroll
  for (int n = 1; n < kLoads; ++n) sums[0] += sums[n];
  return sums[0];
}

/// For rows along k: the lanes of a warp are neighbours there, and `sharing` warps share a row.
template <class T>
__global__ void __launch_bounds__(kThreads)
    dot_rows_kernel(VectorArguments<T> p, Offsets<3> batch, Divider row_blocks, int sharing) {
  __shared__ T sums[kWarps];
  const std::uint32_t part = row_blocks.divide(blockIdx.x);
  const std::int64_t product = blockIdx.z * kProductsInY + blockIdx.y;
  if (product >= p.count) return;  // the whole block
  std::int64_t at[3];
  batch.at(static_cast<std::uint32_t>(product), at);
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int rows = kWarps / sharing;
  const std::int64_t first = std::int64_t{blockIdx.x - part * row_blocks.divisor()} * rows;
  const std::int64_t row = first + warp / sharing;
  const std::int64_t begin = part * p.depth;
  const std::int64_t end = begin + p.depth < p.k ? begin + p.depth : p.k;
  T sum = 0;
  if (row < p.rows) {
    const T* const a = p.a + at[1] + row * p.row_stride;
    sum = dot(p, a, p.x + at[2], begin + warp % sharing * kWarp + lane, end, sharing * kWarp);
  }
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    sum += __shfl_xor_sync(0xffffffff, sum, distance);
  }
  if (lane == 0) sums[warp] = sum;
  __syncthreads();
  const int mine = static_cast<int>(threadIdx.x);
  if (mine < rows && first + mine < p.rows) {
    T total = sums[mine * sharing];
    for (int n = 1; n < sharing; ++n) total += sums[mine * sharing + n];
    p.y[part * p.part_size + at[0] + first + mine] = total;
  }
}

/// For columns along the rows: the lanes of a warp are neighbours there, and the warps of a block
/// share k.
template <class T>
__global__ void __launch_bounds__(kThreads)
    add_columns_kernel(VectorArguments<T> p, Offsets<3> batch, Divider row_blocks) {
  __shared__ T sums[kWarps][kWarp];
  const std::uint32_t part = row_blocks.divide(blockIdx.x);
  const std::int64_t product = blockIdx.z * kProductsInY + blockIdx.y;
  if (product >= p.count) return;  // the whole block
  std::int64_t at[3];
  batch.at(static_cast<std::uint32_t>(product), at);
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t row = std::int64_t{blockIdx.x - part * row_blocks.divisor()} * kWarp + lane;
  const std::int64_t begin = part * p.depth;
  const std::int64_t end = begin + p.depth < p.k ? begin + p.depth : p.k;
  if (row < p.rows) {
    const T* const a = p.a + at[1] + row * p.row_stride;
    sums[warp][lane] = dot(p, a, p.x + at[2], begin + warp, end, kWarps);
  }
  __syncthreads();
  if (warp == 0 && row < p.rows) {
    T total = sums[0][lane];
#pragma unroll
    for (int n = 1; n < kWarps; ++n) total += sums[n][lane];
    p.y[part * p.part_size + at[0] + row] = total;
  }
}

template <class T>
void start(int sharing, const ProductJob& job) {
  const std::int64_t rows = job.a_along_k ? kWarps / sharing : kWarp;
  const std::int64_t row_blocks = ceil_div(job.m, rows), count = needle::count(job.batch.shape);
  const Size3 blocks = {job.parts * row_blocks, count < kProductsInY ? count : kProductsInY,
                        ceil_div(count, kProductsInY)};
  const VectorArguments<T> arguments(job);
  if (job.a_along_k) {
    launch("matmul", dot_rows_kernel<T>, blocks, {kThreads}, arguments, Offsets<3>(job.batch),
           Divider(row_blocks), sharing);
  } else {
    launch("matmul", add_columns_kernel<T>, blocks, {kThreads}, arguments, Offsets<3>(job.batch),
           Divider(row_blocks));
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    sum_parts_kernel(T* out, const T* parts, std::int64_t count, std::int64_t size) {
  const std::int64_t place = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (place >= size) return;
  Wrapping<T> sum = parts[place];
#pragma unroll 8
  for (std::int64_t part = 1; part < count; ++part) sum += Wrapping<T>(parts[part * size + place]);
  out[place] = static_cast<T>(sum);
}

}  // namespace

void multiply_vector(DType dtype, int sharing, const ProductJob& job) {
  if (dtype == DType::float32) return start<float>(sharing, job);
  start<double>(sharing, job);
}

void sum_parts(DType dtype, char* out, const char* parts, std::int64_t count, std::int64_t size) {
  visit(dtype, [&]<class T>(T) {
    launch_for("matmul", sum_parts_kernel<T>, size, reinterpret_cast<T*>(out),
               reinterpret_cast<const T*>(parts), count, size);
  });
}

}  // namespace needle::cuda
