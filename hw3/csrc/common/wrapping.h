#pragma once
// Integers that wrap around, for functors: C leaves the overflow of signed ones undefined.

#include <cstdint>
#include <type_traits>

/// Before functions that GPUs call, too.
#if defined(__CUDACC__)
#define NEEDLE_FUNCTION __host__ __device__
#else
#define NEEDLE_FUNCTION
#endif

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
inline constexpr bool is_float = std::is_floating_point_v<T>;

template <class T>
struct UnsignedOf {
  using type = T;  // floating-point numbers do not wrap
};
template <>
struct UnsignedOf<std::uint8_t> {
  using type = std::uint32_t;
};
template <>
struct UnsignedOf<std::int32_t> {
  using type = std::uint32_t;
};
template <>
struct UnsignedOf<std::int64_t> {
  using type = std::uint64_t;
};

/// The type to calculate in, where overflow wraps.
template <class T>
using Wrapping = typename UnsignedOf<T>::type;

template <class T>
inline constexpr T lowest_integer =
    std::is_signed_v<T> ? T(Wrapping<T>(1) << (8 * sizeof(T) - 1)) : T(0);

}  // namespace
}  // namespace needle::NEEDLE_ISA
