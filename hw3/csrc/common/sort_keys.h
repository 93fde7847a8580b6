#pragma once
// Keys for sorting: unsigned whole numbers that are ordered as elements are.

#include <cstdint>
#include <type_traits>

#include "common/wrapping.h"

namespace needle {

template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

/// Keys of equal elements are equal, 0 and -0 among them; that of a nan is the largest.
template <class T>
NEEDLE_FUNCTION KeyOf<T> key_of(T value) {
  using Key = KeyOf<T>;
  constexpr Key sign = Key{1} << (8 * sizeof(Key) - 1);
  if constexpr (std::is_floating_point_v<T>) {
    if (value != value) return ~Key{0};
    // Adding 0 makes -0 a 0. A negative number is the larger the smaller its other bits are.
    const Key bits = __builtin_bit_cast(Key, value + T{0});
    return bits & sign ? ~bits : bits | sign;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(value) ^ sign;
  } else {
    return value;
  }
}

}  // namespace needle
