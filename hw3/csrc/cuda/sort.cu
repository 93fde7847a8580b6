// Sorting of lines: all elements are sorted at once, by their keys and then, stably, by the lines
// that they are in. The numbers that are sorted are those of places, line after line.

#include <bit>
#include <stdexcept>
#include <string>

#include "common/sort_keys.h"
#include "common/visit.h"
#include "cuda/launch.h"
#include "cuda/offsets.h"
#include "cuda/sort_pairs.h"
#include "ops/sort_kernels.h"

namespace needle::cuda {
namespace {

/// Reversed, keys are in falling order.
template <class T>
__global__ void __launch_bounds__(kThreads)
    keys_kernel(Pairs<KeyOf<T>> pairs, const T* in, std::uint32_t count, Offsets<2> places,
                bool reversed) {
  const std::uint32_t place = blockIdx.x * kThreads + threadIdx.x;
  if (place >= count) return;
  std::int64_t at[2];
  places.at(place, at);
  const KeyOf<T> key = key_of(in[at[1]]);
  pairs.keys[place] = reversed ? ~key : key;
  pairs.numbers[place] = place;
}

/// The line of a place as its key.
__global__ void __launch_bounds__(kThreads)
    lines_kernel(std::uint32_t* keys, const std::uint32_t* numbers, std::uint32_t count,
                 Divider size) {
  const std::uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i < count) keys[i] = size.divide(numbers[i]);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    sorted_kernel(T* out, const T* in, const std::uint32_t* numbers, std::uint32_t count,
                  Offsets<2> places) {
  const std::uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= count) return;
  std::int64_t to[2], from[2];
  places.at(i, to);
  places.at(numbers[i], from);
  out[to[0]] = in[from[1]];
}

__global__ void __launch_bounds__(kThreads)
    order_kernel(std::int64_t* out, const std::uint32_t* numbers, std::uint32_t count,
                 Offsets<2> places, Divider size) {
  const std::uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= count) return;
  std::int64_t to[2];
  places.at(i, to);
  const std::uint32_t line = size.divide(numbers[i]);
  out[to[0]] = numbers[i] - line * size.divisor();
}

template <class Key>
struct PairsBuffer {
  View keys, numbers;

  explicit PairsBuffer(std::int64_t count)
      : keys(View::empty(sizeof(Key) == 8 ? DType::int64 : DType::int32, Dims(1, count))),
        numbers(View::empty(DType::int32, Dims(1, count))) {}
  Pairs<Key> pairs() const { return {keys.data<Key>(), numbers.data<std::uint32_t>()}; }
};

/// The numbers of the places of `in` in their new order, line after line; `size` is a line's.
template <class T>
View sorted_numbers(const T* in, const Loops<2>& loops, std::int64_t size, bool descending) {
  using Key = KeyOf<T>;
  const std::int64_t places = count(loops.shape), lines = places / size;
  const auto number = static_cast<std::uint32_t>(places);
  const PairsBuffer<Key> found(places), sorted(places);
  launch_for("sort_keys", keys_kernel<T>, places, found.pairs(), in, number, Offsets<2>(loops),
             descending);
  sort_pairs(found.pairs(), sorted.pairs(), places, 8 * static_cast<int>(sizeof(T)));
  if (lines == 1) return sorted.numbers;
  const PairsBuffer<std::uint32_t> by_line(places);
  const View keys = View::empty(DType::int32, Dims(1, places));
  const Pairs<std::uint32_t> in_order = {keys.data<std::uint32_t>(), sorted.pairs().numbers};
  launch_for("sort_lines", lines_kernel, places, in_order.keys, in_order.numbers, number,
             Divider(size));
  sort_pairs(in_order, by_line.pairs(), places,
             std::bit_width(static_cast<std::uint64_t>(lines - 1)));
  return by_line.numbers;
}

/// Calls `work(loops, starts)` for groups of lines, of `result` and `a`, that are numbered by 32
/// bits. Their last axis is the one that is sorted.
template <class Work>
void for_each_group(const View& a, int axis, const View& result, const Work& work) {
  const std::int64_t size = a.shape[axis];
  if (size > kMostPlaces) {
    throw std::length_error("a line of " + std::to_string(size) +
                            " elements is too long to be sorted on a GPU: at most " +
                            std::to_string(kMostPlaces));
  }
  Loops<2> loops = {a.shape, {result.strides, a.strides}};
  loops.shape[axis] = 1;
  simplify(loops);
  loops.shape.push_back(size);
  loops.strides[0].push_back(result.strides[axis]);
  loops.strides[1].push_back(a.strides[axis]);
  for_each_part(loops, {0, 0}, work);
}

}  // namespace
}  // namespace needle::cuda

namespace needle {

void device::sort(const View& a, int axis, bool descending, const View& result) {
  const auto sort_group = [&](const Loops<2>& loops, const std::int64_t (&starts)[2]) {
    const std::int64_t places = count(loops.shape);
    visit(a.dtype, [&]<class T>(T) {
      const T* in = a.data<T>() + starts[1];
      const View numbers = cuda::sorted_numbers(in, loops, a.shape[axis], descending);
      cuda::launch_for("sorted", cuda::sorted_kernel<T>, places, result.data<T>() + starts[0], in,
                       numbers.data<std::uint32_t>(), static_cast<std::uint32_t>(places),
                       cuda::Offsets<2>(loops));
    });
  };
  cuda::for_each_group(a, axis, result, sort_group);
}

void device::argsort(const View& a, int axis, bool descending, const View& result) {
  const auto sort_group = [&](const Loops<2>& loops, const std::int64_t (&starts)[2]) {
    const std::int64_t places = count(loops.shape), size = a.shape[axis];
    visit(a.dtype, [&]<class T>(T) {
      const View numbers = cuda::sorted_numbers(a.data<T>() + starts[1], loops, size, descending);
      cuda::launch_for("order", cuda::order_kernel, places, result.data<std::int64_t>() + starts[0],
                       numbers.data<std::uint32_t>(), static_cast<std::uint32_t>(places),
                       cuda::Offsets<2>(loops), cuda::Divider(size));
    });
  };
  cuda::for_each_group(a, axis, result, sort_group);
}

}  // namespace needle
