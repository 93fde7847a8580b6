// Arrays of indices become offsets, once and checked.

#include "common/visit.h"
#include "cuda/indices.h"
#include "cuda/launch.h"
#include "cuda/offsets.h"
#include "ops/indexing_kernels.h"

namespace needle {
namespace cuda {
namespace {

/// What one array of indices adds to the offsets. Operand 0 of the places is the number of the
/// index, operand 1 where it lies.
struct Axis {
  const std::int64_t* indices;
  std::int64_t size, stride;
  std::uint64_t first_number;  // of the indices of all arrays, one after the other
  bool first;                  // then the offsets have no value yet
};

__global__ void __launch_bounds__(kThreads)
    offsets_kernel(std::int64_t* offsets, Axis axis, std::uint32_t count, Offsets<2> places,
                   unsigned long long* wrong) {
  const std::uint32_t place = blockIdx.x * kThreads + threadIdx.x;
  if (place >= count) return;
  std::int64_t at[2];
  places.at(place, at);
  std::int64_t index = axis.indices[at[1]];
  if (!wrap(index, axis.size)) {
    atomicMin(wrong, axis.first_number + at[0]);
    index = 0;
  }
  const std::int64_t before = axis.first ? 0 : offsets[at[0]];
  offsets[at[0]] = before + index * axis.stride;
}

void add_offsets(std::int64_t* offsets, const Axis& axis, const View& indices,
                 const WrongIndex& wrong) {
  Loops<2> loops = {indices.shape, {compact_strides(indices.shape), indices.strides}};
  simplify(loops);
  const std::int64_t starts_at[2] = {};
  for_each_part(loops, starts_at, [&](const Loops<2>& part, const std::int64_t (&starts)[2]) {
    const std::int64_t places = count(part.shape);
    Axis here = axis;
    here.indices += starts[1];
    here.first_number += static_cast<std::uint64_t>(starts[0]);
    launch_for("offsets", offsets_kernel, places, offsets + starts[0], here,
               static_cast<std::uint32_t>(places), Offsets<2>(part), wrong.on_device());
  });
}

}  // namespace
}  // namespace cuda

View device::offsets_of(const View& a, int first, const std::vector<View>& indices) {
  const std::int64_t count = indices[0].size();
  const View result = View::empty(DType::int64, Dims(1, count));
  if (count == 0) return result;
  const cuda::WrongIndex wrong;
  std::uint64_t number = 0;
  for (int axis = first; const View& array : indices) {
    const std::int64_t size = a.shape[axis], stride = size > 1 ? a.strides[axis] : 0;
    cuda::add_offsets(result.data<std::int64_t>(),
                      {array.data<std::int64_t>(), size, stride, number, axis == first}, array,
                      wrong);
    number += static_cast<std::uint64_t>(count);
    ++axis;
  }
  number = wrong.number();
  if (number != cuda::WrongIndex::kNone) {
    const auto array = static_cast<std::size_t>(number / static_cast<std::uint64_t>(count));
    const int axis = first + static_cast<int>(array);
    fail_index(cuda::index_at(indices[array], number % static_cast<std::uint64_t>(count)), axis,
               a.shape[axis]);
  }
  return result;
}

}  // namespace needle
