#pragma once
// Elementwise kernels: each thread calculates a few places of the result.

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "common/functors_table.h"
#include "cuda/elementwise_job.h"
#include "cuda/launch.h"

namespace needle::cuda {

/// Something that a kernel reads: elements, or a number.
template <class T>
struct Operand {
  const T* data;
  T number;

  Operand(const Job& job, int n) : data(reinterpret_cast<const T*>(job.data[n])) {
    std::memcpy(&number, job.numbers[n], sizeof(T));
  }
  __device__ T at(std::int64_t offset) const { return data == nullptr ? number : data[offset]; }
};

/// What is in memory for the result of a functor.
template <class Result>
using Stored = typename StoredAs<typename Result::type>::type;

/// Places of a thread. Their loads do not wait for each other; neighbours among threads are
/// neighbours in memory.
inline constexpr int kPlaces = 4;

/// out[i] = f(inputs[0][i], ...) for N inputs, the first of elements of type A, the others of type
/// T; f is `F::calculate`.
template <int N, class F, class R, class A, class T>
__global__ void __launch_bounds__(kThreads)
    elementwise_kernel(R* out, std::uint32_t count, Offsets<N + 1> offsets, Operand<A> a,
                       Operand<T> b, Operand<T> c) {
  const std::uint32_t first = blockIdx.x * (kThreads * kPlaces) + threadIdx.x;
  std::int64_t at[kPlaces][N + 1];
  R results[kPlaces];
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    const std::uint32_t place = first + k * kThreads;
    if (place >= count) break;
    offsets.at(place, at[k]);
    if constexpr (N == 1) results[k] = F::calculate(a.at(at[k][1]));
    if constexpr (N == 2) results[k] = F::calculate(a.at(at[k][1]), b.at(at[k][2]));
    if constexpr (N == 3) {
      results[k] = F::calculate(a.at(at[k][1]), b.at(at[k][2]), c.at(at[k][3]));
    }
  }
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads < count) out[at[k][0]] = results[k];
  }
}

template <int N, class F, class R, class A, class T = A>
void start(const Job& job) {
  const std::int64_t places = count(job.loops.shape);
  Loops<N + 1> loops;
  loops.shape = job.loops.shape;
  for (int n = 0; n <= N; ++n) loops.strides[n] = job.loops.strides[n];
  launch(job.name, elementwise_kernel<N, F, R, A, T>, {ceil_div(places, kThreads * kPlaces)},
         {kThreads}, reinterpret_cast<R*>(job.data[0]), static_cast<std::uint32_t>(places),
         Offsets<N + 1>(loops), Operand<A>(job, 1), Operand<T>(job, 2), Operand<T>(job, 3));
}

}  // namespace needle::cuda
