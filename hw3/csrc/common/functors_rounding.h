#pragma once
// Functors of division with a remainder, powers, and rounding (see functors.h).

#include "common/wrapping.h"

namespace needle::NEEDLE_ISA {
namespace {

/// Functions of the C library for both precisions, under one name.
NEEDLE_FUNCTION inline float truncated_remainder(float a, float b) {
  return __builtin_fmodf(a, b);
}
NEEDLE_FUNCTION inline double truncated_remainder(double a, double b) {
  return __builtin_fmod(a, b);
}
NEEDLE_FUNCTION inline float copy_sign(float a, float b) {
  return __builtin_copysignf(a, b);
}
NEEDLE_FUNCTION inline double copy_sign(double a, double b) {
  return __builtin_copysign(a, b);
}
NEEDLE_FUNCTION inline float round_down(float a) {
  return __builtin_floorf(a);
}
NEEDLE_FUNCTION inline double round_down(double a) {
  return __builtin_floor(a);
}

/// Whether a remainder has to move to the divisor's side of 0.
template <class T>
NEEDLE_FUNCTION bool on_other_side(T rest, T divisor) {
  return rest != T(0) && (rest < T(0)) != (divisor < T(0));
}

/// The remainder with the sign of the divisor, as Python's %; integers: 0 if the divisor is 0.
struct Remainder {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    if constexpr (is_float<T>) {
      const T rest = truncated_remainder(a, b);
      if (rest == 0) return copy_sign(T(0), b);
      return on_other_side(rest, b) ? rest + b : rest;
    } else {
      if (b == T(0) || (std::is_signed_v<T> && b == T(-1))) return 0;  // lowest % -1 would trap
      const T rest = static_cast<T>(a % b);
      return on_other_side(rest, b) ? static_cast<T>(rest + b) : rest;
    }
  }
};

/// The quotient rounded down, as Python's //; integers: 0 if the divisor is 0.
struct FloorDivide {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    if constexpr (is_float<T>) {
      return floating(a, b);
    } else {
      if (b == T(0)) return 0;
      // The lowest number over -1 would trap.
      if (std::is_signed_v<T> && b == T(-1)) return static_cast<T>(0 - Wrapping<T>(a));
      return static_cast<T>(a / b - on_other_side(static_cast<T>(a % b), b));
    }
  }

 private:
  /// By the remainder, as a / b alone may round up to the next integer.
  template <class T>
  NEEDLE_FUNCTION static T floating(T a, T b) {
    if (b == 0) return a / b;
    const T rest = truncated_remainder(a, b);
    const T quotient = (a - rest) / b - static_cast<T>(on_other_side(rest, b));
    if (quotient == 0) return copy_sign(T(0), a / b);
    const T low = round_down(quotient);
    return quotient - low > T(0.5) ? low + 1 : low;
  }
};

struct Pow {
  NEEDLE_FUNCTION static float apply(float a, float b) { return __builtin_powf(a, b); }
  NEEDLE_FUNCTION static double apply(double a, double b) { return __builtin_pow(a, b); }
  /// By squaring. A negative exponent gives the exact value truncated, and 0 for base 0.
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    if (b < T(0)) return a == T(1) ? T(1) : a == T(-1) ? (b % 2 == 0 ? T(1) : T(-1)) : T(0);
    Wrapping<T> result = 1, power = static_cast<Wrapping<T>>(a);
    for (auto exponent = static_cast<Wrapping<T>>(b); exponent != 0; exponent >>= 1) {
      if (exponent & 1) result *= power;
      power *= power;
    }
    return static_cast<T>(result);
  }
};

// ---- rounding to integers

struct Floor {
  NEEDLE_FUNCTION static float apply(float a) { return __builtin_floorf(a); }
  NEEDLE_FUNCTION static double apply(double a) { return __builtin_floor(a); }
};
struct Ceil {
  NEEDLE_FUNCTION static float apply(float a) { return __builtin_ceilf(a); }
  NEEDLE_FUNCTION static double apply(double a) { return __builtin_ceil(a); }
};
struct Trunc {
  NEEDLE_FUNCTION static float apply(float a) { return __builtin_truncf(a); }
  NEEDLE_FUNCTION static double apply(double a) { return __builtin_trunc(a); }
};
/// To the nearest integer, to the even one of two.
struct Round {
  NEEDLE_FUNCTION static float apply(float a) { return __builtin_rintf(a); }
  NEEDLE_FUNCTION static double apply(double a) { return __builtin_rint(a); }
};
/// An integer is already rounded.
template <class Rounding>
struct Integral {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    if constexpr (is_float<T>) return Rounding::apply(a);
    return a;
  }
};

}  // namespace
}  // namespace needle::NEEDLE_ISA
