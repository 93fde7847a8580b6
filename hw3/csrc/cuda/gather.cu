// Elements and rows chosen by indices. One kernel does all: each thread moves a few elements of the
// result, and neighbours among threads are neighbours in it. So rows of a table are read as they
// are written, in whole lines; by 16 bytes at a time where they can be.

#include "common/visit.h"
#include "cuda/indices.h"
#include "cuda/launch.h"
#include "cuda/offsets.h"
#include "ops/indexing_kernels.h"

namespace needle {
namespace cuda {
namespace {

/// Places of a thread: the loads of all of them are on their way at once.
constexpr int kPlaces = 4;

/// How far an offset moves.
struct ByOffset {
  const std::int64_t* offsets;
  int shift;  // from elements to what is moved at a time

  __device__ bool move(std::int64_t at, std::int64_t, std::int64_t& offset) const {
    offset += offsets[at] >> shift;
    return true;
  }
  void start(const std::int64_t (&starts)[3]) { offsets += starts[2]; }
};

/// How far an index along an axis moves.
struct ByIndex {
  const std::int64_t* indices;
  std::int64_t size, stride;
  unsigned long long* wrong;
  std::int64_t first_number;

  __device__ bool move(std::int64_t at, std::int64_t number, std::int64_t& offset) const {
    std::int64_t index = indices[at];
    const bool inside = wrap(index, size);
    if (inside)
      offset += index * stride;
    else
      atomicMin(wrong, static_cast<unsigned long long>(first_number + number));
    return inside;
  }
  void start(const std::int64_t (&starts)[3]) {
    indices += starts[2];
    first_number += starts[0];
  }
};

/// Operand 0 of the places is the result, row-major; 1 what elements are taken from, at the first
/// place along the indexed axes; 2 the offsets or indices.
template <class T, class By>
__global__ void __launch_bounds__(kThreads)
    gather_kernel(T* out, const T* in, By by, std::uint32_t count, Offsets<3> places) {
  const std::uint32_t first = blockIdx.x * (kThreads * kPlaces) + threadIdx.x;
  std::int64_t to[kPlaces];
  T values[kPlaces];
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads >= count) break;
    std::int64_t at[3];
    places.at(first + k * kThreads, at);
    to[k] = at[0];
    values[k] = T{};
    if (by.move(at[2], at[0], at[1])) values[k] = in[at[1]];
  }
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads < count) out[to[k]] = values[k];
  }
}

template <class T, class By>
void start(const char* name, const View& result, const View& a, const By& by,
           const Loops<3>& loops) {
  const std::int64_t starts_at[3] = {};
  for_each_part(loops, starts_at, [&](const Loops<3>& part, const std::int64_t (&starts)[3]) {
    const std::int64_t places = count(part.shape);
    By here = by;
    here.start(starts);
    launch(name, gather_kernel<T, By>, {ceil_div(places, kThreads * kPlaces)}, {kThreads},
           reinterpret_cast<T*>(result.bytes()) + starts[0],
           reinterpret_cast<const T*>(a.bytes()) + starts[1], here,
           static_cast<std::uint32_t>(places), Offsets<3>(part));
  });
}

bool is_aligned(const View& view) {
  return reinterpret_cast<std::uintptr_t>(view.bytes()) % sizeof(uint4) == 0;
}

/// Whether whole `uint4` of `items` elements each can be moved: they then are what `loops` count.
/// Strides of the axes `outer` ... `rest` - 1 of `a` are those of the offsets.
bool widen(Loops<3>& loops, const View& result, const View& a, int outer, int rest, int items) {
  const int last = loops.shape.size() - 1;
  if (last < 0 || items == 1 || !is_aligned(result) || !is_aligned(a)) return false;
  if (loops.strides[0][last] != 1 || loops.strides[1][last] != 1) return false;
  if (loops.strides[2][last] != 0 || loops.shape[last] % items != 0) return false;
  for (int axis = 0; axis < last; ++axis) {
    if (loops.strides[0][axis] % items != 0 || loops.strides[1][axis] % items != 0) return false;
  }
  for (int axis = outer; axis < rest; ++axis) {
    if (a.shape[axis] > 1 && a.strides[axis] % items != 0) return false;
  }
  loops.shape[last] /= items;
  for (int axis = 0; axis < last; ++axis) {
    loops.strides[0][axis] /= items;
    loops.strides[1][axis] /= items;
  }
  return true;
}

}  // namespace
}  // namespace cuda

void device::gather_blocks(const View& result, const View& a, int outer, int rest,
                           const View& offsets) {
  const int behind = a.ndim() - rest, chosen = result.ndim() - outer - behind;
  Loops<3> loops = {result.shape, {result.strides, Dims(result.ndim(), 0), Dims(result.ndim(), 0)}};
  for (int axis = 0; axis < outer; ++axis) loops.strides[1][axis] = a.strides[axis];
  for (int axis = 0; axis < behind; ++axis) {
    loops.strides[1][outer + chosen + axis] = a.strides[rest + axis];
  }
  std::int64_t step = 1;
  for (int axis = outer + chosen - 1; axis >= outer; --axis) {
    loops.strides[2][axis] = step;
    step *= result.shape[axis];
  }
  simplify(loops);
  const auto* const chosen_offsets = offsets.data<std::int64_t>();
  const int item = static_cast<int>(item_size(a.dtype)), items = sizeof(uint4) / item;
  if (cuda::widen(loops, result, a, outer, rest, items)) {
    const int shift = item == 1 ? 4 : item == 4 ? 2 : 1;  // items is 2^shift
    return cuda::start<uint4>("gather", result, a, cuda::ByOffset{chosen_offsets, shift}, loops);
  }
  visit_width(a.dtype, [&]<class T>(T) {
    cuda::start<T>("gather", result, a, cuda::ByOffset{chosen_offsets, 0}, loops);
  });
}

void device::take_along_axis(const View& result, const View& from, const View& index, int axis,
                             std::int64_t size) {
  Loops<3> loops = {result.shape, {result.strides, from.strides, index.strides}};
  loops.strides[1][axis] = 0;
  simplify(loops);
  const cuda::WrongIndex wrong;
  const cuda::ByIndex by = {index.data<std::int64_t>(), size, from.strides[axis], wrong.on_device(),
                            0};
  visit_width(from.dtype,
              [&]<class T>(T) { cuda::start<T>("take_along_axis", result, from, by, loops); });
  const std::uint64_t number = wrong.number();
  if (number != cuda::WrongIndex::kNone) fail_index(cuda::index_at(index, number), axis, size);
}

}  // namespace needle
