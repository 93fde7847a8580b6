// Where the maximum or minimum is: a reduction of pairs of an element and its place. Of equal
// elements the one with the lower place wins, so the result depends on no order. Long lines are cut
// into chunks that give pairs, which are reduced by the same kernel.

#include <cstdlib>

#include "common/reduce_operations.h"
#include "common/visit.h"
#include "cuda/offsets.h"
#include "cuda/threads_of_block.h"
#include "ops/reduce_kernels.h"

namespace needle::cuda {
namespace {

/// An element and its place; none yet if the place is negative.
template <class T>
struct Candidate {
  T value;
  std::int64_t place;
};

template <class Op, class T>
__device__ Candidate<T> better(const Candidate<T>& a, const Candidate<T>& b) {
  if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
  const bool equal = a.value == b.value || (a.value != a.value && b.value != b.value);
  if (equal) return a.place < b.place ? a : b;
  // One of them, and not the same one in either order only if they are equal.
  const T value = Op::combine(a.value, b.value);
  const bool is_b = value == b.value || (value != value && b.value != b.value);
  return is_b ? b : a;
}

/// Pairs in memory: elements, and their places unless those count from 0.
template <class T>
struct Line {
  const T* values;
  const std::int64_t* places;
  std::int64_t size, stride;

  __device__ Candidate<T> at(std::int64_t start, std::int64_t j) const {
    const std::int64_t offset = start + j * stride;
    return {values[offset], places == nullptr ? j : places[offset]};
  }
};

/// Sets places[i], and values[i] unless it is nullptr, for each line i, or chunk of one: those are
/// rows of `count`.
template <class Op, class T>
__global__ void __launch_bounds__(kThreads)
    argument_kernel(T* values, std::int64_t* places, Line<T> line, Offsets<2> starts,
                    std::uint32_t count, Sharing sharing, Cut cut) {
  constexpr int kLoads = 4;
  __shared__ T block_values[kThreads];
  __shared__ std::int64_t block_places[kThreads];
  const int thread = static_cast<int>(threadIdx.x), phase = sharing.phase(thread);
  const std::uint32_t chunk = cut.tiles.divide(blockIdx.x);
  const std::uint32_t tile = blockIdx.x - chunk * cut.tiles.divisor();
  const std::uint32_t place = tile * sharing.results() + sharing.result(thread);
  std::int64_t at[2] = {};
  Candidate<T> best = {T(0), -1};
  if (place < count) {
    starts.at(place, at);
    const std::int64_t step = sharing.phases(), begin = std::int64_t{chunk} * cut.length;
    const std::int64_t end = min(begin + cut.length, line.size);
    for (std::int64_t j = begin + phase; j < end; j += kLoads * step) {
      Candidate<T> next[kLoads];
#pragma unroll
      for (int k = 0; k < kLoads; ++k) {
        const std::int64_t last = end - 1;  // read twice, rather than not at all
        next[k] = line.at(at[0], min(j + k * step, last));
      }
#pragma unroll
      for (int k = 0; k < kLoads; ++k) best = better<Op>(best, next[k]);
    }
  }
  block_values[thread] = best.value;
  block_places[thread] = best.place;
  for (int phases = sharing.phases() / 2; phases > 0; phases /= 2) {
    __syncthreads();
    if (phase >= phases) continue;
    const int other = thread + phases * sharing.phase_step();
    best = better<Op>(best, Candidate<T>{block_values[other], block_places[other]});
    block_values[thread] = best.value;
    block_places[thread] = best.place;
  }
  if (place < count && phase == 0) {
    const std::int64_t to = std::int64_t{chunk} * count + at[1];
    places[to] = best.place;
    if (values != nullptr) values[to] = best.value;
  }
}

/// `lines` are the starts of lines in memory and in `places`; at most kMostPlaces.
template <class Op, class T>
void find(const Line<T>& line, const Loops<2>& lines, std::int64_t* places) {
  constexpr std::int64_t kFew = 4;  // elements that are worth a thread
  const int last = lines.shape.size() - 1;
  const std::int64_t results = count(lines.shape);
  const std::int64_t step = last < 0 ? 0 : std::abs(lines.strides[0][last]);
  const bool along = results == 1 || step == 0 || std::abs(line.stride) <= step;
  const std::int64_t most = along ? kThreads : kThreads / std::min<std::int64_t>(results, kWarp);
  const Sharing sharing(along, std::min(most, line.size / kFew));
  const Cut cut(results, line.size, sharing);
  const auto start = [&](T* values, std::int64_t* to, const Loops<2>& starts) {
    launch("argument", argument_kernel<Op, T>, {cut.blocks()}, {kThreads}, values, to, line,
           Offsets<2>(starts), static_cast<std::uint32_t>(results), sharing, cut);
  };
  if (cut.chunks == 1) return start(nullptr, places, lines);
  const Dims rows = compact_strides(lines.shape), partial(1, cut.chunks * results);
  const View best = View::empty(dtype_of<T>, partial), where = View::empty(DType::int64, partial);
  start(best.data<T>(), where.data<std::int64_t>(), {lines.shape, {lines.strides[0], rows}});
  const Line<T> chunks = {best.data<T>(), where.data<std::int64_t>(), cut.chunks, results};
  find<Op, T>(chunks, {lines.shape, {rows, lines.strides[1]}}, places);
}

}  // namespace
}  // namespace needle::cuda

void needle::device::argument(Reduction op, const View& a, int axis, const View& result) {
  Loops<2> lines = {a.shape, {a.strides, result.strides}};
  lines.shape[axis] = 1;
  simplify(lines);
  visit(a.dtype, [&]<class T>(T) {
    cuda::for_each_part(lines, {0, 0}, [&](const Loops<2>& part, const std::int64_t (&starts)[2]) {
      const cuda::Line<T> line = {a.data<T>() + starts[0], nullptr, a.shape[axis], a.strides[axis]};
      std::int64_t* const places = result.data<std::int64_t>() + starts[1];
      op == Reduction::max ? cuda::find<cuda::Max, T>(line, part, places)
                           : cuda::find<cuda::Min, T>(line, part, places);
    });
  });
}
