// Sorting by radix, by CUB: stable.

#include <cub/device/device_radix_sort.cuh>

#include "common/view.h"
#include "cuda/check.h"
#include "cuda/launch.h"
#include "cuda/sort_pairs.h"

namespace needle::cuda {
namespace {

template <class Key>
void sort(const Pairs<Key>& from, const Pairs<Key>& to, std::int64_t count, int bits) {
  const ProfilingRange range("sort");
  const cudaStream_t on = stream();
  const auto run = [&](void* room, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(room, bytes, from.keys, to.keys, from.numbers,
                                           to.numbers, static_cast<int>(count), 0, bits, on);
  };
  std::size_t bytes = 0;
  check(run(nullptr, bytes), "cub::DeviceRadixSort::SortPairs");
  const View room = View::empty(DType::uint8, Dims(1, static_cast<std::int64_t>(bytes)));
  check(run(room.bytes(), bytes), "cub::DeviceRadixSort::SortPairs");
}

}  // namespace

void sort_pairs(const Pairs<std::uint32_t>& from, const Pairs<std::uint32_t>& to,
                std::int64_t count, int bits) {
  sort(from, to, count, bits);
}
void sort_pairs(const Pairs<std::uint64_t>& from, const Pairs<std::uint64_t>& to,
                std::int64_t count, int bits) {
  sort(from, to, count, bits);
}

}  // namespace needle::cuda
