// What stands for CUB on the host.

#include "cuda/sort_pairs.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace needle::cuda {
namespace {

template <class Key>
void sort(const Pairs<Key>& from, const Pairs<Key>& to, std::int64_t count, int bits) {
  const Key mask = ~Key{0} >> (8 * static_cast<int>(sizeof(Key)) - bits);
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return (from.keys[a] & mask) < (from.keys[b] & mask);
  });
  for (std::int64_t i = 0; i < count; ++i) {
    to.keys[i] = from.keys[order[static_cast<std::size_t>(i)]];
    to.numbers[i] = from.numbers[order[static_cast<std::size_t>(i)]];
  }
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
