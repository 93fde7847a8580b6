// Blocks of values written, or added, to places that are chosen by indices.
//
// A place may be named several times, and threads come in no order. So the places are sorted first,
// by a sort that leaves equal ones in their order. Those who name a place are then neighbours: the
// last one of them is written, or one thread adds all of them, one after the other. There are no
// atomic operations, and rounding is the same in every run.

#include <bit>
#include <stdexcept>
#include <string>

#include "common/functors.h"
#include "common/visit.h"
#include "cuda/launch.h"
#include "cuda/offsets.h"
#include "cuda/sort_pairs.h"
#include "ops/indexing_kernels.h"

namespace needle {
namespace cuda {
namespace {

/// Offsets in their order, and the number that each one had before.
struct Sorted {
  const std::uint64_t* keys;  // the offsets from the lowest one that can be
  const std::uint32_t* numbers;
  std::int64_t count, lowest;
  std::int64_t first;  // of those that a kernel is for

  __device__ bool is_first(std::int64_t i) const { return i == 0 || keys[i] != keys[i - 1]; }
  __device__ bool is_last(std::int64_t i) const { return i + 1 == count || keys[i] != keys[i + 1]; }
  __device__ bool has(std::int64_t i, std::uint64_t key) const {
    return i < count && keys[i] == key;
  }
  __device__ std::int64_t offset(std::int64_t i) const {
    return lowest + static_cast<std::int64_t>(keys[i]);
  }
};

/// Values, of which block `n` is the one for offset `n`.
template <class T>
struct Blocks {
  const T* data;
  Offsets<1> starts;

  __device__ T at(std::uint32_t block, std::int64_t offset) const {
    std::int64_t start[1];
    starts.at(block, start);
    return data[start[0] + offset];
  }
};

__global__ void __launch_bounds__(kThreads)
    keys_kernel(std::uint64_t* keys, std::uint32_t* numbers, const std::int64_t* offsets,
                std::int64_t count, std::int64_t lowest) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= count) return;
  keys[i] = static_cast<std::uint64_t>(offsets[i] - lowest);
  numbers[i] = static_cast<std::uint32_t>(i);
}

/// Operand 0 of the places is the number of a sorted offset; 1 the place in a block of `to`, and 2
/// that in a block of the values.
template <class T>
__global__ void __launch_bounds__(kThreads)
    scatter_kernel(T* to, Blocks<T> values, Sorted sorted, std::uint32_t count, Offsets<3> places) {
  const std::uint32_t place = blockIdx.x * kThreads + threadIdx.x;
  if (place >= count) return;
  std::int64_t at[3];
  places.at(place, at);
  const std::int64_t i = sorted.first + at[0];
  if (sorted.is_last(i)) to[sorted.offset(i) + at[1]] = values.at(sorted.numbers[i], at[2]);
}

/// Values of a place whose loads are on their way at once; they are added one after the other.
constexpr int kAhead = 8;

template <class T>
__global__ void __launch_bounds__(kThreads)
    scatter_add_kernel(T* to, Blocks<T> values, Sorted sorted, std::uint32_t count,
                       Offsets<3> places) {
  const std::uint32_t place = blockIdx.x * kThreads + threadIdx.x;
  if (place >= count) return;
  std::int64_t at[3];
  places.at(place, at);
  std::int64_t i = sorted.first + at[0];
  if (!sorted.is_first(i)) return;
  const std::uint64_t key = sorted.keys[i];
  T& target = to[sorted.offset(i) + at[1]];
  T sum = target;
  for (int found = kAhead; found == kAhead; i += kAhead) {
    found = 0;
#pragma unroll
    for (int k = 0; k < kAhead; ++k) found += sorted.has(i + k, key);
    T ahead[kAhead];
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      if (k < found) ahead[k] = values.at(sorted.numbers[i + k], at[2]);
    }
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      if (k < found) sum = Add::apply(sum, ahead[k]);
    }
  }
  target = sum;
}

/// Temporary memory of a sort.
struct SortedOffsets {
  View keys, numbers;
  Sorted sorted;

  /// Sorts offsets from `reached.low` to `reached.high`.
  SortedOffsets(const View& offsets, const Reach& reached) {
    const std::int64_t count = offsets.size();
    if (count > kMostPlaces) {
      throw std::length_error("scatter takes at most 2^31 - 1 places, not " +
                              std::to_string(count));
    }
    const auto pairs = [&] {
      keys = View::empty(DType::int64, Dims(1, count));
      numbers = View::empty(DType::int32, Dims(1, count));
      return Pairs<std::uint64_t>{keys.data<std::uint64_t>(), numbers.data<std::uint32_t>()};
    };
    Pairs<std::uint64_t> order = pairs();
    launch_for("scatter keys", keys_kernel, count, order.keys, order.numbers,
               offsets.data<std::int64_t>(), count, reached.low);
    if (count > 1 && reached.low < reached.high) {
      const View unsorted_keys = keys, unsorted_numbers = numbers;  // until the sort has started
      const Pairs<std::uint64_t> unsorted = order;
      order = pairs();
      sort_pairs(unsorted, order, count,
                 std::bit_width(static_cast<std::uint64_t>(reached.high - reached.low)));
    }
    sorted = {order.keys, order.numbers, count, reached.low, 0};
  }
};

/// The sorted offsets, times the places of a block of `a` and one of `values`.
Loops<3> loops_of(std::int64_t count, const View& a, int rest, const View& values, int indexed) {
  Loops<2> block;
  for (int axis = 0; rest + axis < a.ndim(); ++axis) {
    block.shape.push_back(a.shape[rest + axis]);
    block.strides[0].push_back(a.strides[rest + axis]);
    block.strides[1].push_back(values.strides[indexed + axis]);
  }
  simplify(block);
  Loops<3> loops = {Dims(1, count), {Dims(1, 1), Dims(1, 0), Dims(1, 0)}};
  if (count == 1) loops = {};
  for (int axis = 0; axis < block.shape.size(); ++axis) {
    loops.shape.push_back(block.shape[axis]);
    loops.strides[0].push_back(0);
    loops.strides[1].push_back(block.strides[0][axis]);
    loops.strides[2].push_back(block.strides[1][axis]);
  }
  return loops;
}

/// The first axes of a view, with places in row-major order.
Loops<1> numbered(const View& view, int axes) {
  Loops<2> loops;
  for (int axis = 0; axis < axes; ++axis) {
    loops.shape.push_back(view.shape[axis]);
    loops.strides[1].push_back(view.strides[axis]);
  }
  loops.strides[0] = compact_strides(loops.shape);  // axes keep their order
  simplify(loops);
  return {loops.shape, {loops.strides[1]}};
}

template <class T, class Kernel>
void start(const char* name, Kernel kernel, const View& a, const View& values, int indexed,
           const Sorted& sorted, const Loops<3>& loops) {
  const Offsets<1> starts_of_block(numbered(values, indexed));
  const std::int64_t starts_at[3] = {};
  for_each_part(loops, starts_at, [&](const Loops<3>& part, const std::int64_t (&starts)[3]) {
    const std::int64_t places = count(part.shape);
    Sorted here = sorted;
    here.first = starts[0];
    launch_for(name, kernel, places, a.data<T>() + starts[1],
               Blocks<T>{values.data<T>() + starts[2], starts_of_block}, here,
               static_cast<std::uint32_t>(places), Offsets<3>(part));
  });
}

}  // namespace
}  // namespace cuda

void device::scatter_blocks(const View& a, int rest, const View& offsets, const View& values,
                            int indexed, bool add) {
  Dims shape, strides;  // of the axes that are indexed
  for (int axis = 0; axis < rest; ++axis) {
    shape.push_back(a.shape[axis]);
    strides.push_back(a.strides[axis]);
  }
  const cuda::SortedOffsets sorted(offsets, reach(shape, strides));
  const Loops<3> loops = cuda::loops_of(offsets.size(), a, rest, values, indexed);
  if (add) {
    visit(a.dtype, [&]<class T>(T) {
      cuda::start<T>("scatter_add", cuda::scatter_add_kernel<T>, a, values, indexed, sorted.sorted,
                     loops);
    });
  } else {
    visit_width(a.dtype, [&]<class T>(T) {
      cuda::start<T>("scatter", cuda::scatter_kernel<T>, a, values, indexed, sorted.sorted, loops);
    });
  }
}

}  // namespace needle
