#pragma once
// The functions of vectors that functors.h calls, where a vector is one number: CUDA's own.

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "common/wrapping.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
using Vector = T;

/// The unsigned integer as wide as a floating-point type.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

#define NEEDLE_MATH(name, function)                                  \
  template <class T>                                                 \
  NEEDLE_FUNCTION T name(T x) {                                      \
    if constexpr (sizeof(T) == 4) return __builtin_##function##f(x); \
    return __builtin_##function(x);                                  \
  }
NEEDLE_MATH(exp, exp)
NEEDLE_MATH(expm1, expm1)
NEEDLE_MATH(log, log)
NEEDLE_MATH(log1p, log1p)
NEEDLE_MATH(tanh, tanh)
NEEDLE_MATH(absolute, fabs)
NEEDLE_MATH(square_root, sqrt)
#undef NEEDLE_MATH

/// 1 / (1 + e^-x), by the exponential of a negative number, which does not overflow.
template <class T>
NEEDLE_FUNCTION T sigmoid(T x) {
  const T small = exp<T>(-absolute<T>(x));
  return (x < 0 ? small : T(1)) / (1 + small);
}

}  // namespace
}  // namespace needle::NEEDLE_ISA
