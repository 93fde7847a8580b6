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
  std::int64_t to[kPlaces];
  A as[kPlaces];
  [[maybe_unused]] T bs[kPlaces], cs[kPlaces];
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    const std::uint32_t place = first + k * kThreads;
    if (place >= count) break;
    std::int64_t at[N + 1];
    offsets.at(place, at);
    to[k] = at[0];
    as[k] = a.at(at[1]);
    if constexpr (N > 1) bs[k] = b.at(at[2]);
    if constexpr (N > 2) cs[k] = c.at(at[3]);
  }
  // A loop of its own: who calculates waits for what was loaded, and loads nothing meanwhile.
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads >= count) break;
    if constexpr (N == 1) out[to[k]] = F::calculate(as[k]);
    if constexpr (N == 2) out[to[k]] = F::calculate(as[k], bs[k]);
    if constexpr (N == 3) out[to[k]] = F::calculate(as[k], bs[k], cs[k]);
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
