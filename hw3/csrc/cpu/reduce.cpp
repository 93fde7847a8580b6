// A reduction is brought to blocks for the inner loops of reduce_isa.cpp:
//
//   kept axes     [ outer ... ][ inner ]    inner: the one with the shortest stride
//   reduced axes  [ outer ... ][ inner ]    a block is inner x inner
//
// The reduced elements are cut into chunks of some 16,000, each of which gives a partial result;
// the partial results are reduced in the same way. This bounds the rounding error of long sums, and
// gives threads something to do where the result is small.

#include <algorithm>
#include <cstdlib>

#include "cpu/axes.h"
#include "cpu/isa.h"
#include "cpu/parallel.h"
#include "cpu/reduce_table.h"
#include "ops/reduce_kernels.h"

namespace needle {
namespace {

constexpr std::int64_t kWork = 1 << 16;   // elements worth a turn of a thread
constexpr std::int64_t kAlong = 1 << 14;  // elements of a chunk, walking along ...
constexpr std::int64_t kAcross = 1 << 9;  // ... and across: eight at a time
constexpr std::int64_t kShort = 8;        // shorter rows are walked across wherever they lie
constexpr std::int64_t kResultsAcross = 1 << 10;  // results that stay in the nearest cache

const ReduceKernel& kernel_of(Reduction op, DType dtype) {
  const ReduceTable& table = NEEDLE_CHOOSE(reduce_table);
  return table.kernels[static_cast<int>(op)][static_cast<int>(dtype)];
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// How the work of one reduction is cut: into `chunks` of the reduced elements, and tiles of the
/// inner kept axis. A chunk is a part of the inner reduced axis, `length` long, or several times
/// the whole of it. Depends on shapes and strides only.
struct Cuts {
  Walk walk;
  std::int64_t length, pieces;  // of the inner reduced axis
  std::int64_t pieces_of_chunk, chunks;
  std::int64_t tile, tiles;

  Cuts(const Axes& kept, const Axes& reduced) {
    const bool short_rows = reduced.inner_size() < kShort && kept.inner_size() >= kShort;
    const bool along = !short_rows && (kept.inner_size() == 1 ||
                                       reduced.inner_stride() <= std::abs(kept.inner_stride()));
    walk = along ? Walk::along : Walk::across;
    const std::int64_t size = reduced.inner_size();
    const std::int64_t limit = along ? kAlong : kAcross;
    length = ceil_div(size, std::max<std::int64_t>(1, size / limit));
    pieces = ceil_div(size, length);
    pieces_of_chunk = pieces > 1 ? 1 : std::max<std::int64_t>(1, limit / size);
    chunks = ceil_div(reduced.outer_size() * pieces, pieces_of_chunk);
    tile = along ? std::max<std::int64_t>(1, kWork / length) : kResultsAcross;
    tile = std::min(tile, kept.inner_size());
    tiles = ceil_div(kept.inner_size(), tile);
  }
};

/// One pass over the elements of a view: `chunks` results for every place of the kept axes.
struct Pass {
  const ReduceKernel& kernel;
  const char* data;
  std::size_t data_size, result_size;  // bytes of an element
  const Axes &kept, &reduced;
  Cuts cuts;
  char* results;  // chunks x kept

  void run() const {
    const std::int64_t units = cuts.chunks * kept.outer_size() * cuts.tiles;
    const std::int64_t work = cuts.tile * cuts.length * cuts.pieces_of_chunk;
    parallel_for(units, std::max<std::int64_t>(1, kWork / work),
                 [this](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t unit = begin; unit < end; ++unit) run_unit(unit);
                 });
  }

  /// A unit of work is one tile, at one place of the outer kept axes, of one chunk.
  void run_unit(std::int64_t unit) const {
    const std::int64_t tile = unit % cuts.tiles;
    const std::int64_t row = unit / cuts.tiles;  // of chunks x outer kept axes
    const std::int64_t chunk = row / kept.outer_size();
    const std::int64_t first = tile * cuts.tile;
    const std::int64_t size = std::min(cuts.tile, kept.inner_size() - first);
    char* out = results + (row * kept.inner_size() + first) * result_size;
    const std::int64_t start =
        kept.outer_offset(row % kept.outer_size()) + first * kept.inner_stride();
    kernel.start(out, size);
    const std::int64_t last =
        std::min((chunk + 1) * cuts.pieces_of_chunk, reduced.outer_size() * cuts.pieces);
    for (std::int64_t piece = chunk * cuts.pieces_of_chunk; piece < last; ++piece) {
      const std::int64_t from = piece % cuts.pieces * cuts.length;
      const std::int64_t at =
          start + reduced.outer_offset(piece / cuts.pieces) + from * reduced.inner_stride();
      const ReduceBlock block = {data + at * data_size, size, kept.inner_stride(),
                                 std::min(cuts.length, reduced.inner_size() - from),
                                 reduced.inner_stride()};
      kernel.accumulate(block, cuts.walk, out);
    }
  }
};

/// Writes a result for every place of the kept axes, row-major, at `results`. The strides of
/// `reduced` are not negative.
void reduce_to(Reduction op, DType dtype, const char* data, const Axes& kept, const Axes& reduced,
               char* results) {
  const DType out_dtype = result_dtype(op, dtype);
  const ReduceKernel& kernel = kernel_of(op, dtype);
  const Cuts cuts(kept, reduced);
  const std::size_t data_size = item_size(dtype), result_size = item_size(out_dtype);
  if (cuts.chunks == 1) {
    Pass{kernel, data, data_size, result_size, kept, reduced, cuts, results}.run();
    return;
  }
  const std::int64_t size = kept.size();
  const View partial = View::empty(out_dtype, Dims(1, cuts.chunks * size));
  Pass{kernel, data, data_size, result_size, kept, reduced, cuts, partial.bytes()}.run();
  reduce_to(op, out_dtype, partial.bytes(), Axes(size, 1), Axes(cuts.chunks, size), results);
}

/// The axes of `a` by falling strides, whatever their signs.
Dims by_strides(const View& a) {
  // The stride of an axis of size 1 is never used, and can be any number.
  const auto length = [&a](int axis) { return a.shape[axis] > 1 ? std::abs(a.strides[axis]) : 0; };
  int order[kMaxDims];
  for (int axis = 0; axis < a.ndim(); ++axis) order[axis] = axis;
  std::stable_sort(order, order + a.ndim(),
                   [&](int left, int right) { return length(left) > length(right); });
  Dims axes(a.ndim());
  for (int i = 0; i < a.ndim(); ++i) axes[i] = order[i];
  return axes;
}

/// A new array of `shape` whose strides fall in the given order of its axes.
View empty_in_order(DType dtype, const Dims& shape, const Dims& order) {
  Dims strides = compact_strides(shape);
  std::int64_t stride = 1;
  for (int i = order.size() - 1; i >= 0; --i) {
    const int axis = static_cast<int>(order[i]);
    if (shape[axis] == 1) continue;
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return View::empty(dtype, shape).restride(shape, strides, 0);
}

}  // namespace

/// The inner loops walk reduced axes upwards (see ReduceBlock), so strides of `reduced` must not be
/// negative: data begins at the other end of an axis whose stride in `a` is.
View device::reduce(Reduction op, const View& a, std::uint64_t mask, const Dims& shape) {
  const Dims order = by_strides(a);
  Axes kept, reduced;
  std::int64_t offset = 0;
  for (const std::int64_t axis : order) {
    const std::int64_t size = a.shape[axis], stride = size > 1 ? a.strides[axis] : 0;
    if (!(mask >> axis & 1)) {
      kept.push(size, stride);
      continue;
    }
    if (stride < 0) offset += (size - 1) * stride;
    reduced.push(size, std::abs(stride));
  }
  const View result = empty_in_order(result_dtype(op, a.dtype), shape, order);
  const char* data = a.bytes() + offset * static_cast<std::int64_t>(item_size(a.dtype));
  reduce_to(op, a.dtype, data, kept, reduced, result.bytes());
  return result;
}

}  // namespace needle
