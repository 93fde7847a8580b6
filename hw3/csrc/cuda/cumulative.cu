// Sums and products of everything up to each element.
//
// Short lines, and lines that lie side by side in great number, are walked element after element by
// a thread each. Others are scanned by blocks: the totals of chunks, the sums of those, then each
// chunk with what came before it.

#include <cstdlib>
#include <type_traits>

#include "common/reduce_operations.h"
#include "common/visit.h"
#include "cuda/launch.h"
#include "cuda/offsets.h"
#include "ops/reduce_kernels.h"

namespace needle::cuda {
namespace {

constexpr std::int64_t kShort = 32;           // elements that a thread walks alone
constexpr std::int64_t kManyLines = 1 << 14;  // enough threads, where they read side by side
constexpr std::int64_t kBlocks = 512;         // lines that are enough blocks
constexpr std::int64_t kChunk = 16 * kThreads;

template <class T>
using TotalOf = std::conditional_t<is_float<T>, T, std::uint64_t>;

/// The lines of two views, and the way along them.
struct ScannedLines {
  Offsets<2> starts;
  std::uint32_t count;
  std::int64_t size;
  std::int64_t strides[2];
};

template <class Op, class T>
__global__ void __launch_bounds__(kThreads)
    accumulate_kernel(TotalOf<T>* __restrict__ out, const T* __restrict__ in, ScannedLines lines) {
  const std::uint32_t line = blockIdx.x * kThreads + threadIdx.x;
  if (line >= lines.count) return;
  std::int64_t at[2];
  lines.starts.at(line, at);
  auto total = static_cast<TotalOf<T>>(in[at[1]]);
  out[at[0]] = total;
#pragma unroll 4
  for (std::int64_t j = 1; j < lines.size; ++j) {
    const T element = in[at[1] + j * lines.strides[1]];
    total = Op::combine(total, static_cast<TotalOf<T>>(element));
    out[at[0] + j * lines.strides[0]] = total;
  }
}

/// Of the values of the block's threads, those up to each one's combined after `before`; then
/// `before` is everything. `room` must not be that of the call before.
template <class Op, class Out>
__device__ Out scan_block(Out value, Out& before, Out* room) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  for (int distance = 1; distance < kWarp; distance *= 2) {
    const Out left = __shfl_up_sync(0xffffffff, value, distance);
    if (lane >= distance) value = Op::combine(left, value);
  }
  if (lane == kWarp - 1) room[warp] = value;
  __syncthreads();
  Out left = before;
  for (int other = 0; other < kThreads / kWarp; ++other) {
    if (other == warp) left = before;
    before = Op::combine(before, room[other]);
  }
  return Op::combine(left, value);
}

/// Scans chunk after chunk of `chunk` elements, a block each. `before`: what comes before the end
/// of each chunk, or nullptr; `totals`: those of the chunks alone, to be written instead of `out`.
template <class Op, class T>
__global__ void __launch_bounds__(kThreads)
    scan_kernel(TotalOf<T>* __restrict__ out, const T* __restrict__ in, ScannedLines lines,
                std::int64_t chunk, Divider chunks, const TotalOf<T>* __restrict__ before,
                TotalOf<T>* __restrict__ totals) {
  using Out = TotalOf<T>;
  // Two rooms in turn: who writes to one has passed the barrier after which the last one read it.
  __shared__ Out rooms[2][kThreads / kWarp];
  const std::uint32_t line = chunks.divide(blockIdx.x);
  const std::uint32_t number = blockIdx.x - line * chunks.divisor();
  std::int64_t at[2];
  lines.starts.at(line, at);
  Out total = Op::template identity<Out>;
  if (before != nullptr && number > 0) total = before[blockIdx.x - 1];
  const std::int64_t begin = number * chunk, end = min(begin + chunk, lines.size);
  int room = 0;
  for (std::int64_t first = begin; first < end; first += kThreads, room ^= 1) {
    const std::int64_t j = first + threadIdx.x;
    Out value = Op::template identity<Out>;
    if (j < end) value = static_cast<Out>(in[at[1] + j * lines.strides[1]]);
    value = scan_block<Op>(value, total, rooms[room]);
    if (out != nullptr && j < end) out[at[0] + j * lines.strides[0]] = value;
  }
  if (totals != nullptr && threadIdx.x == 0) totals[blockIdx.x] = total;
}

template <class Op, class T>
void accumulate_lines(TotalOf<T>* out, const T* in, const ScannedLines& lines, bool side_by_side) {
  using Out = TotalOf<T>;
  if (lines.size <= kShort || (side_by_side && lines.count >= kManyLines)) {
    launch_for("accumulate", accumulate_kernel<Op, T>, lines.count, out, in, lines);
    return;
  }
  const std::int64_t chunk = lines.count >= kBlocks ? lines.size : kChunk;
  const std::int64_t chunks = ceil_div(lines.size, chunk), blocks = lines.count * chunks;
  const auto start = [&](Out* to, const Out* before, Out* totals) {
    launch("scan", scan_kernel<Op, T>, {blocks}, {kThreads}, to, in, lines, chunk, Divider(chunks),
           before, totals);
  };
  if (chunks == 1) return start(out, nullptr, nullptr);
  // In memory of the result's kind, and scanned as lines of their own.
  const DType dtype = is_float<T> ? dtype_of<T> : DType::int64;
  const View totals = View::empty(dtype, Dims(1, blocks)),
             before = View::empty(dtype, totals.shape);
  start(nullptr, nullptr, totals.data<Out>());
  Loops<2> rows = {Dims(1, lines.count), {Dims(1, chunks), Dims(1, chunks)}};
  accumulate_lines<Op, Out>(before.data<Out>(), totals.data<Out>(),
                            {Offsets<2>(rows), lines.count, chunks, {1, 1}}, false);
  start(out, before.data<Out>(), nullptr);
}

}  // namespace
}  // namespace needle::cuda

void needle::device::accumulate(Reduction op, const View& a, int axis, const View& result) {
  Loops<2> all = {a.shape, {result.strides, a.strides}};
  all.shape[axis] = 1;
  simplify(all);
  visit(a.dtype, [&]<class T>(T) {
    using Out = cuda::TotalOf<T>;
    cuda::for_each_part(all, {0, 0}, [&](const Loops<2>& part, const std::int64_t (&starts)[2]) {
      const int last = part.shape.size() - 1;
      const std::int64_t step = last < 0 ? 0 : std::abs(part.strides[1][last]);
      const cuda::ScannedLines lines = {cuda::Offsets<2>(part),
                                        static_cast<std::uint32_t>(count(part.shape)),
                                        a.shape[axis],
                                        {result.strides[axis], a.strides[axis]}};
      Out* const out = result.data<Out>() + starts[0];
      const T* const in = a.data<T>() + starts[1];
      const bool side_by_side = step < std::abs(a.strides[axis]);
      op == Reduction::sum ? cuda::accumulate_lines<cuda::Sum, T>(out, in, lines, side_by_side)
                           : cuda::accumulate_lines<cuda::Prod, T>(out, in, lines, side_by_side);
    });
  });
}
