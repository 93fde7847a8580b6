#pragma once
// The sort of a library: on a GPU that of CUB, on the host one of the standard library's.

#include <cstdint>

namespace needle::cuda {

/// Keys, and a number that goes with each; in the memory of the current device.
template <class Key>
struct Pairs {
  Key* keys;
  std::uint32_t* numbers;
};

/// Sets `to` to the pairs of `from` in the order of the lowest `bits` bits of their keys; pairs
/// that are equal in these keep their order. `from` is left as it is. At most 2^31 - 1 pairs.
void sort_pairs(const Pairs<std::uint32_t>& from, const Pairs<std::uint32_t>& to,
                std::int64_t count, int bits);
void sort_pairs(const Pairs<std::uint64_t>& from, const Pairs<std::uint64_t>& to,
                std::int64_t count, int bits);

}  // namespace needle::cuda
