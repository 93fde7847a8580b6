// A reduction brought to blocks of threads.
//
// Each of the axes, kept and reduced, is put in the order of strides and merged with its
// neighbours. Threads then lie along whichever of the two has the shortest strides. Results of many
// elements are cut into chunks that give partial results, which are reduced in the same way: a
// second kernel, or for very long ones a third. No atomics, so the order of additions is fixed.

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "cuda/reduce_job.h"
#include "ops/reduce_kernels.h"

namespace needle {
namespace cuda {
namespace {

constexpr std::int64_t kShort = 8;  // elements that a thread takes alone, however they lie
constexpr std::int64_t kFew = 4;    // packs, or elements, that are worth a thread

/// The stride of the axis that is walked first; 0 if there is none.
template <int N>
std::int64_t inner_stride(const Loops<N>& loops) {
  const int axes = loops.shape.size();
  return axes == 0 ? 0 : std::abs(loops.strides[0][axes - 1]);
}

/// Whether the threads of a result are neighbours (see Sharing).
bool lies_along(const Loops<2>& kept, const Loops<1>& reduced) {
  const std::int64_t stride = inner_stride(kept);
  if (count(reduced.shape) <= kShort) return false;
  return count(kept.shape) == 1 || stride == 0 || inner_stride(reduced) <= stride;
}

Sharing share(bool along, std::int64_t results, std::int64_t steps) {
  if (along) return {true, 2 * ceil_div(steps, kFew) - 1};  // that is, the next power of two
  // A warp reads 32 neighbours where there are as many.
  const auto side = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::min<std::int64_t>(results, kWarp))));
  return {false, std::min(kThreads / side, steps / kFew)};
}

/// The elements of a pack: as many as one instruction loads if they are neighbours, and if no pack
/// would take elements of two lines.
std::int64_t pack_of(DType dtype, const Loops<1>& reduced) {
  const int axes = reduced.shape.size();
  if (axes == 0 || reduced.strides[0][axes - 1] != 1) return 1;
  const std::int64_t pack = 16 / static_cast<std::int64_t>(item_size(dtype));
  return axes == 1 || reduced.shape[axes - 1] % pack == 0 ? pack : 1;
}

/// Whether the strides of the first axes are whole packs.
template <int N>
bool in_packs(const Loops<N>& loops, int axes, std::int64_t pack) {
  for (int axis = 0; axis < axes; ++axis) {
    if (loops.strides[0][axis] % pack != 0) return false;
  }
  return true;
}

ReduceLauncher launcher_of(Reduction op, DType dtype) {
  switch (op) {
    case Reduction::sum:
    case Reduction::prod:
      return totals_launcher(op, dtype);
    case Reduction::max:
    case Reduction::min:
      return extremes_launcher(op, dtype);
    default:
      return truth_launcher(op, dtype);
  }
}

/// The elements of one reduction, and where its results go.
struct Reducing {
  Reduction op;
  DType dtype;
  const char* in;
  char* out;

  DType out_dtype() const { return result_dtype(op, dtype); }
  Reducing moved(std::int64_t in_offset, std::int64_t out_offset) const {
    const auto size = static_cast<std::int64_t>(item_size(dtype));
    const auto out_size = static_cast<std::int64_t>(item_size(out_dtype()));
    return {op, dtype, in + in_offset * size, out + out_offset * out_size};
  }
};

/// The same places of `in`, and rows of results without gaps.
Loops<2> to_rows(const Loops<2>& kept) {
  return {kept.shape, {kept.strides[0], compact_strides(kept.shape)}};
}

void reduce_to(const Reducing& work, const Loops<2>& kept, const Loops<1>& reduced);

/// Reduces `parts` partial results for each place of `kept`, which lie in rows, to the final ones.
void reduce_parts(const Reducing& work, const View& partial, std::int64_t parts,
                  const Loops<2>& kept) {
  const Loops<2> places = {kept.shape, {compact_strides(kept.shape), kept.strides[1]}};
  const Loops<1> rows = {Dims(1, parts), {Dims(1, count(kept.shape))}};
  reduce_to({work.op, work.out_dtype(), partial.bytes(), work.out}, places, rows);
}

/// For at most kMostPlaces of either kind.
void reduce_places(const Reducing& work, const Loops<2>& kept, const Loops<1>& reduced) {
  const std::int64_t results = count(kept.shape), elements = count(reduced.shape);
  const int last = reduced.shape.size() - 1;
  const bool along = lies_along(kept, reduced);
  const std::int64_t pack = along ? pack_of(work.dtype, reduced) : 1;
  Loops<1> packs = reduced;
  if (pack > 1) {
    packs.shape[last] /= pack;
    packs.strides[0][last] = pack;
  }
  const std::int64_t steps = ceil_div(elements, pack);
  const Sharing sharing = share(along, results, steps);
  const Cut cut(results, steps, sharing);
  const bool is_aligned = pack > 1 && reinterpret_cast<std::uintptr_t>(work.in) % 16 == 0 &&
                          in_packs(kept, kept.shape.size(), pack) && in_packs(reduced, last, pack);
  const bool is_final = cut.chunks == 1;
  const View partial =
      is_final ? View() : View::empty(work.out_dtype(), Dims(1, cut.chunks * results));
  const ReduceJob job = {work.in,
                         is_final ? work.out : partial.bytes(),
                         Offsets<2>(is_final ? kept : to_rows(kept)),
                         static_cast<std::uint32_t>(results),
                         Walk(packs),
                         static_cast<std::uint32_t>(elements / pack),
                         static_cast<std::uint32_t>(elements % pack),
                         pack > 1,
                         is_aligned,
                         sharing,
                         cut};
  launcher_of(work.op, work.dtype)(job);
  if (!is_final) reduce_parts(work, partial, cut.chunks, kept);
}

/// Writes a result for every place of `kept`, whose strides are those of `in` and of `out`.
void reduce_to(const Reducing& work, const Loops<2>& kept, const Loops<1>& reduced) {
  if (count(reduced.shape) <= kMostPlaces) {
    for_each_part(kept, {0, 0}, [&](const Loops<2>& places, const std::int64_t (&starts)[2]) {
      reduce_places(work.moved(starts[0], starts[1]), places, reduced);
    });
    return;
  }
  std::int64_t parts = 0, part = 0;
  for_each_part(reduced, {0}, [&](const auto&, const auto&) { ++parts; });
  const std::int64_t results = count(kept.shape);
  const View partial = View::empty(work.out_dtype(), Dims(1, parts * results));
  const Reducing to_partial = {work.op, work.dtype, work.in, partial.bytes()};
  for_each_part(reduced, {0}, [&](const Loops<1>& places, const std::int64_t (&starts)[1]) {
    reduce_to(to_partial.moved(starts[0], part++ * results), to_rows(kept), places);
  });
  reduce_parts(work, partial, parts, kept);
}

}  // namespace
}  // namespace cuda

View device::reduce(Reduction op, const View& a, std::uint64_t mask, const Dims& shape) {
  const View result = View::empty(result_dtype(op, a.dtype), shape);
  Loops<2> kept;
  Loops<1> reduced;
  std::int64_t offset = 0;
  for (int axis = 0; axis < a.ndim(); ++axis) {
    const std::int64_t size = a.shape[axis], stride = a.strides[axis];
    if (mask >> axis & 1) {
      if (stride < 0) offset += (size - 1) * stride;  // any order will do: walk upwards
      reduced.shape.push_back(size);
      reduced.strides[0].push_back(std::abs(stride));
    } else {
      kept.shape.push_back(size);
      kept.strides[0].push_back(stride);
      kept.strides[1].push_back(result.strides[axis]);
    }
  }
  simplify(kept);
  simplify(reduced);
  const cuda::Reducing work = {op, a.dtype, a.bytes(), result.bytes()};
  cuda::reduce_to(work.moved(offset, 0), kept, reduced);
  return result;
}

}  // namespace needle
