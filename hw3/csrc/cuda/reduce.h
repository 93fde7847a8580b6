#pragma once
// The kernels of reductions, for one operation and type of elements.

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "common/reduce_operations.h"
#include "cuda/launch.h"
#include "cuda/reduce_job.h"

namespace needle::cuda {

template <class T>
struct alignas(16) Pack {
  T values[kPack<T>];
};

/// `Op` on elements of type In, with results of type Out, by one thread.
template <class Op, class In, class Out>
struct Total {
  /// Independent results, so that none waits for the addition before.
  static constexpr int kSums = 4;
  Out sums[kSums];

  __device__ Total() {
#pragma unroll
    for (int k = 0; k < kSums; ++k) sums[k] = Op::template identity<Out>;
  }

  __device__ void take(int k, In element) {
    Out operand;
    if constexpr (Op::kTruth) {
      operand = element != In(0);
    } else {
      operand = static_cast<Out>(element);
    }
    sums[k] = Op::combine(sums[k], operand);
  }

  __device__ Out value() const {
    return Op::combine(Op::combine(sums[0], sums[1]), Op::combine(sums[2], sums[3]));
  }
};

/// Takes the elements from ... to - 1 of the walk, `step` apart. Eight loads are on their way at
/// once: 32 bytes of a thread, 64 KiB of a full multiprocessor, more than bandwidth times latency.
template <class Op, class In, class Out>
__device__ void take_elements(Total<Op, In, Out>& total, const In* data, const Walk& walk,
                              std::uint32_t from, std::uint32_t to, std::uint32_t step) {
  constexpr int kLoads = 8;
  std::uint32_t j = from;
  for (; j + (kLoads - 1) * step < to; j += kLoads * step) {
    In elements[kLoads];
#pragma unroll
    for (int k = 0; k < kLoads; ++k) elements[k] = data[walk.at(j + k * step)];
#pragma unroll
    for (int k = 0; k < kLoads; ++k) total.take(k % total.kSums, elements[k]);
  }
#pragma unroll
  for (int k = 0; k < kLoads - 1; ++k) {
    if (j + k * step < to) total.take(k % total.kSums, data[walk.at(j + k * step)]);
  }
}

template <class In>
__device__ Pack<In> load_pack(const In* data, bool is_aligned) {
  if (is_aligned) return *reinterpret_cast<const Pack<In>*>(data);
  Pack<In> pack;
#pragma unroll
  for (int k = 0; k < kPack<In>; ++k) pack.values[k] = data[k];
  return pack;
}

template <class Op, class In, class Out>
__device__ void take_pack(Total<Op, In, Out>& total, const Pack<In>& pack) {
#pragma unroll
  for (int k = 0; k < kPack<In>; ++k) total.take(k % total.kSums, pack.values[k]);
}

/// The same for packs: four loads of 16 bytes are on their way.
template <class Op, class In, class Out>
__device__ void take_packs(Total<Op, In, Out>& total, const In* data, const Walk& walk,
                           bool is_aligned, std::uint32_t from, std::uint32_t to,
                           std::uint32_t step) {
  constexpr int kLoads = 4;
  std::uint32_t j = from;
  for (; j + (kLoads - 1) * step < to; j += kLoads * step) {
    Pack<In> packs[kLoads];
#pragma unroll
    for (int k = 0; k < kLoads; ++k) packs[k] = load_pack(data + walk.at(j + k * step), is_aligned);
#pragma unroll
    for (int k = 0; k < kLoads; ++k) take_pack(total, packs[k]);
  }
  for (; j < to; j += step) take_pack(total, load_pack(data + walk.at(j), is_aligned));
}

/// Combines the values of the threads of each result; that of phase 0 gets it. All threads of the
/// block call it.
template <class Op, class Out>
__device__ Out combine_threads(Out value, const Sharing& sharing) {
  __shared__ Out values[kThreads];
  const int thread = static_cast<int>(threadIdx.x), phase = sharing.phase(thread);
  int phases = sharing.phases();
  if (sharing.along) {  // the first five steps are within warps
    for (int distance = 1; distance < min(phases, kWarp); distance *= 2) {
      value = Op::combine(value, static_cast<Out>(__shfl_xor_sync(0xffffffff, value, distance)));
    }
    if (phases <= kWarp) return value;
    if (thread % kWarp == 0) values[thread / kWarp] = value;
    __syncthreads();
    if (phase != 0) return value;
    for (int warp = 1; warp < phases / kWarp; ++warp) {
      value = Op::combine(value, values[thread / kWarp + warp]);
    }
    return value;
  }
  if (phases == 1) return value;
  values[thread] = value;
  while (phases > 1) {
    phases /= 2;
    __syncthreads();
    if (phase < phases) {
      values[thread] = Op::combine(values[thread], values[thread + phases * sharing.phase_step()]);
    }
  }
  return values[thread];
}

template <class Op, class In, class Out, bool Packed>
__global__ void __launch_bounds__(kThreads) reduce_kernel(ReduceJob job) {
  const std::uint32_t chunk = job.cut.tiles.divide(blockIdx.x);
  const std::uint32_t tile = blockIdx.x - chunk * job.cut.tiles.divisor();
  const std::uint32_t place = tile * job.sharing.results() + job.sharing.result(threadIdx.x);
  const std::uint32_t phase = job.sharing.phase(threadIdx.x);
  const bool has_place = place < job.kept_count;
  std::int64_t at[2] = {};
  Total<Op, In, Out> total;
  if (has_place) {
    job.kept.at(place, at);
    const In* data = reinterpret_cast<const In*>(job.in) + at[0];
    const std::uint32_t begin = chunk * job.cut.length, end = begin + job.cut.length;
    const std::uint32_t from = begin + phase, to = min(end, job.whole);
    const std::uint32_t step = job.sharing.phases();
    if constexpr (Packed) {
      take_packs(total, data, job.walk, job.is_aligned, from, to, step);
      if (job.whole >= begin && job.whole < end && (job.whole - begin) % step == phase) {
        const In* rest = data + job.walk.at(job.whole);
        for (std::uint32_t k = 0; k < job.rest; ++k) total.take(0, rest[k]);
      }
    } else {
      take_elements(total, data, job.walk, from, to, step);
    }
  }
  const Out value = combine_threads<Op>(total.value(), job.sharing);
  if (has_place && phase == 0) {
    reinterpret_cast<Out*>(job.out)[std::int64_t{chunk} * job.kept_count + at[1]] = value;
  }
}

template <class Op, class In, class Out>
void start_reduction(const ReduceJob& job) {
  const auto kernel =
      job.is_packed ? reduce_kernel<Op, In, Out, true> : reduce_kernel<Op, In, Out, false>;
  launch("reduce", kernel, {job.cut.blocks()}, {kThreads}, job);
}

}  // namespace needle::cuda
