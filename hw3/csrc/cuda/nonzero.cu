// The places of the elements that are not 0: each part of the array counts its own, then knows
// where they go.

#include "common/visit.h"
#include "cuda/launch.h"
#include "cuda/offsets.h"
#include "cuda/transfer.h"
#include "ops/indexing_kernels.h"
#include "ops/reduce.h"

namespace needle {
namespace cuda {
namespace {

constexpr int kWarps = kThreads / kWarp;
constexpr int kRounds = 16;
constexpr int kPart = kThreads * kRounds;  // elements of a block; those of a warp are neighbours

/// Elements of a view; places are numbered in row-major order.
template <class T>
struct Elements {
  const T* data;
  std::uint32_t count;
  Offsets<1> places;

  __device__ bool is_nonzero(std::uint32_t place) const {
    if (place >= count) return false;
    std::int64_t at[1];
    places.at(place, at);
    return data[at[0]] != T{};
  }
};

/// The first place of this lane; the next ones are a warp apart.
__device__ std::uint32_t first_place() {
  return blockIdx.x * kPart + threadIdx.x / kWarp * (kWarp * kRounds) + threadIdx.x % kWarp;
}

/// Sets the lanes of the warp that found something, for each round; returns how many there are.
template <class T>
__device__ int find(const Elements<T>& elements, unsigned (&lanes)[kRounds]) {
  int found = 0;
#pragma unroll
  for (int round = 0; round < kRounds; ++round) {
    lanes[round] = __ballot_sync(0xffffffff, elements.is_nonzero(first_place() + round * kWarp));
    found += __popc(lanes[round]);
  }
  return found;
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    count_kernel(std::int64_t* counts, Elements<T> elements) {
  __shared__ int of_warps[kWarps];
  unsigned lanes[kRounds];
  const int found = find(elements, lanes);
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = found;
  __syncthreads();
  if (threadIdx.x != 0) return;
  std::int64_t sum = 0;
  for (int warp = 0; warp < kWarps; ++warp) sum += of_warps[warp];
  counts[blockIdx.x] = sum;
}

/// Where indices go.
struct Indices {
  std::int64_t* data[kMaxDims];
  std::int64_t sizes[kMaxDims];
  int axes;

  __device__ void set(std::int64_t number, std::int64_t place) const {
    for (int axis = axes - 1; axis >= 0; --axis) {
      std::int64_t rest;
      if (place >> 32 == 0 && sizes[axis] >> 32 == 0) {  // a division of 32 bits takes a third
        rest = static_cast<std::uint32_t>(place) / static_cast<std::uint32_t>(sizes[axis]);
      } else {
        rest = place / sizes[axis];
      }
      data[axis][number] = place - rest * sizes[axis];
      place = rest;
    }
  }
};

/// `ends` has how many indices there are up to each block, its own included. `first` is the number
/// of the first place here among those of the whole array.
template <class T>
__global__ void __launch_bounds__(kThreads)
    indices_kernel(Indices indices, Elements<T> elements, const std::int64_t* ends,
                   std::int64_t first_block, std::int64_t first) {
  __shared__ int of_warps[kWarps];
  unsigned lanes[kRounds];
  const int found = find(elements, lanes);
  const unsigned lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  if (lane == 0) of_warps[warp] = found;
  __syncthreads();
  const std::int64_t block = first_block + blockIdx.x;
  const std::int64_t end = ends[block];
  std::int64_t number = block == 0 ? 0 : ends[block - 1];
  for (unsigned before = 0; before < warp; ++before) number += of_warps[before];
#pragma unroll
  for (int round = 0; round < kRounds; ++round) {
    const std::int64_t own = number + __popc(lanes[round] & ((1u << lane) - 1));
    // Another thread of the host may have had the array changed since the elements were counted.
    if ((lanes[round] >> lane & 1) != 0 && own < end) {
      indices.set(own, first + first_place() + round * kWarp);
    }
    number += __popc(lanes[round]);
  }
}

/// Calls `work(elements, first block, blocks, first place)` for parts of `a` that kernels can do.
template <class T, class Work>
void for_each_elements(const View& a, const Work& work) {
  Loops<2> loops = {a.shape, {compact_strides(a.shape), a.strides}};
  simplify(loops);  // row-major order is that of the first operand
  std::int64_t block = 0;
  const std::int64_t starts_at[2] = {};
  for_each_part(loops, starts_at, [&](const Loops<2>& part, const std::int64_t (&starts)[2]) {
    const std::int64_t places = count(part.shape), blocks = ceil_div(places, kPart);
    const Loops<1> own = {part.shape, {part.strides[1]}};
    work(Elements<T>{a.data<T>() + starts[1], static_cast<std::uint32_t>(places), Offsets<1>(own)},
         block, blocks, starts[0]);
    block += blocks;
  });
}

template <class T>
std::vector<View> nonzero(const View& a) {
  std::int64_t all_blocks = 0;
  for_each_elements<T>(a,
                       [&](const auto&, auto, std::int64_t blocks, auto) { all_blocks += blocks; });
  const View counts = View::empty(DType::int64, Dims(1, all_blocks));
  for_each_elements<T>(a, [&](const auto& elements, auto block, auto blocks, auto) {
    launch("nonzero count", count_kernel<T>, {blocks}, {kThreads},
           counts.data<std::int64_t>() + block, elements);
  });
  const View ends = cumulative_sum(counts, 0);
  const std::int64_t found = fetch(ends.data<std::int64_t>() + all_blocks - 1);
  std::vector<View> result;
  Indices indices = {};
  indices.axes = a.ndim();
  for (int axis = 0; axis < a.ndim(); ++axis) {
    result.push_back(View::empty(DType::int64, Dims(1, found)));
    indices.data[axis] = result.back().template data<std::int64_t>();
    indices.sizes[axis] = a.shape[axis];
  }
  if (found == 0) return result;
  for_each_elements<T>(a, [&](const auto& elements, auto block, auto blocks, auto first) {
    launch("nonzero", indices_kernel<T>, {blocks}, {kThreads}, indices, elements,
           ends.data<std::int64_t>(), block, first);
  });
  return result;
}

}  // namespace
}  // namespace cuda

std::vector<View> device::nonzero(const View& a) {
  return visit(a.dtype, [&]<class T>(T) { return cuda::nonzero<T>(a); });
}

}  // namespace needle
