#pragma once
// What each elementwise operation does to one element: `apply`, for every dtype that ops.def gives
// it. Functions in math.h work on vectors: `lanes`. The result's dtype is the argument's, or bool.
//
// Integers wrap and never trap: whatever C leaves undefined has a value here. Only for files that
// are compiled once per instruction set, as NEEDLE_ISA.

#include <cstdint>
#include <type_traits>

#include "cpu/math.h"

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

// ---- arithmetic

struct Negative {
  template <class T>
  static T apply(T a) {
    if constexpr (is_float<T>) return -a;
    return static_cast<T>(0 - Wrapping<T>(a));
  }
};
struct Positive {
  template <class T>
  static T apply(T a) {
    return a;
  }
};
struct Abs {
  static float apply(float a) { return __builtin_fabsf(a); }
  static double apply(double a) { return __builtin_fabs(a); }
  template <class T>
  static T apply(T a) {
    return a < T(0) ? Negative::apply(a) : a;
  }
};
struct Sign {
  template <class T>
  static T apply(T a) {
    if constexpr (is_float<T>) {
      const T sign = static_cast<T>((a > 0) - (a < 0));
      return a != a ? a : sign;
    }
    return static_cast<T>((a > T(0)) - (a < T(0)));
  }
};
struct Add {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
  }
};
struct Subtract {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct Multiply {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  }
};
struct Square {
  template <class T>
  static T apply(T a) {
    return Multiply::apply(a, a);
  }
};
struct Divide {
  template <class T>
  static T apply(T a, T b) {
    return a / b;
  }
};
struct Reciprocal {
  template <class T>
  static T apply(T a) {
    return 1 / a;
  }
};
/// The larger one, or nan if one is nan.
struct Maximum {
  template <class T>
  static T apply(T a, T b) {
    return a >= b || a != a ? a : b;
  }
};
struct Minimum {
  template <class T>
  static T apply(T a, T b) {
    return a <= b || a != a ? a : b;
  }
};

// ---- nonlinearities of networks; a gradient takes that of the result first

/// The larger one of a and 0, or nan.
struct Relu {
  template <class T>
  static T apply(T a) {
    return Maximum::apply(a, T(0));
  }
};
/// The gradient where x > 0, elsewhere 0: also at 0.
struct ReluGradient {
  template <class T>
  static T apply(T grad, T x) {
    return x > T(0) ? grad : T(0);
  }
};
/// grad y (1 - y), where y is the sigmoid.
struct SigmoidGradient {
  template <class T>
  static T apply(T grad, T y) {
    return grad * y * (1 - y);
  }
};
/// grad (1 - y^2), where y is the hyperbolic tangent.
struct TanhGradient {
  template <class T>
  static T apply(T grad, T y) {
    return grad * (1 - y * y);
  }
};

/// Functions of the C library for both precisions, under one name.
inline float truncated_remainder(float a, float b) {
  return __builtin_fmodf(a, b);
}
inline double truncated_remainder(double a, double b) {
  return __builtin_fmod(a, b);
}
inline float copy_sign(float a, float b) {
  return __builtin_copysignf(a, b);
}
inline double copy_sign(double a, double b) {
  return __builtin_copysign(a, b);
}
inline float round_down(float a) {
  return __builtin_floorf(a);
}
inline double round_down(double a) {
  return __builtin_floor(a);
}

/// Whether a remainder has to move to the divisor's side of 0.
template <class T>
bool on_other_side(T rest, T divisor) {
  return rest != T(0) && (rest < T(0)) != (divisor < T(0));
}

/// The remainder with the sign of the divisor, as Python's %; integers: 0 if the divisor is 0.
struct Remainder {
  template <class T>
  static T apply(T a, T b) {
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
  static T apply(T a, T b) {
    if constexpr (is_float<T>) {
      return floating(a, b);
    } else {
      if (b == T(0)) return 0;
      if (std::is_signed_v<T> && b == T(-1)) return Negative::apply(a);  // lowest / -1 would trap
      return static_cast<T>(a / b - on_other_side(static_cast<T>(a % b), b));
    }
  }

 private:
  /// By the remainder, as a / b alone may round up to the next integer.
  template <class T>
  static T floating(T a, T b) {
    if (b == 0) return a / b;
    const T rest = truncated_remainder(a, b);
    const T quotient = (a - rest) / b - static_cast<T>(on_other_side(rest, b));
    if (quotient == 0) return copy_sign(T(0), a / b);
    const T low = round_down(quotient);
    return quotient - low > T(0.5) ? low + 1 : low;
  }
};

struct Pow {
  static float apply(float a, float b) { return __builtin_powf(a, b); }
  static double apply(double a, double b) { return __builtin_pow(a, b); }
  /// By squaring. A negative exponent gives the exact value truncated, and 0 for base 0.
  template <class T>
  static T apply(T a, T b) {
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
  static float apply(float a) { return __builtin_floorf(a); }
  static double apply(double a) { return __builtin_floor(a); }
};
struct Ceil {
  static float apply(float a) { return __builtin_ceilf(a); }
  static double apply(double a) { return __builtin_ceil(a); }
};
struct Trunc {
  static float apply(float a) { return __builtin_truncf(a); }
  static double apply(double a) { return __builtin_trunc(a); }
};
/// To the nearest integer, to the even one of two.
struct Round {
  static float apply(float a) { return __builtin_rintf(a); }
  static double apply(double a) { return __builtin_rint(a); }
};
/// An integer is already rounded.
template <class Rounding>
struct Integral {
  template <class T>
  static T apply(T a) {
    if constexpr (is_float<T>) return Rounding::apply(a);
    return a;
  }
};

// ---- functions of vectors (math.h)

struct Exp {
  template <class T>
  static Vector<T> lanes(Vector<T> x) {
    return exp<T>(x);
  }
};
struct Expm1 {
  template <class T>
  static Vector<T> lanes(Vector<T> x) {
    return expm1<T>(x);
  }
};
struct Log {
  template <class T>
  static Vector<T> lanes(Vector<T> x) {
    return log<T>(x);
  }
};
struct Log1p {
  template <class T>
  static Vector<T> lanes(Vector<T> x) {
    return log1p<T>(x);
  }
};
struct Tanh {
  template <class T>
  static Vector<T> lanes(Vector<T> x) {
    return tanh<T>(x);
  }
};
struct Sigmoid {
  template <class T>
  static Vector<T> lanes(Vector<T> x) {
    return sigmoid<T>(x);
  }
};
/// log(e^a + e^b) = max + log(1 + e^-|a - b|); equal infinities have no difference.
struct LogAddExp {
  template <class T>
  static Vector<T> lanes(Vector<T> a, Vector<T> b) {
    const Vector<T> larger = a > b ? a : b;
    const Vector<T> distance = a == b ? Vector<T>{} : absolute<T>(a - b);
    return larger + log1p<T>(exp<T>(-distance));
  }
};

// ---- functions of the C library

#define NEEDLE_LIBRARY_UNARY(functor, function)                        \
  struct functor {                                                     \
    static float apply(float a) { return __builtin_##function##f(a); } \
    static double apply(double a) { return __builtin_##function(a); }  \
  };
#define NEEDLE_LIBRARY_BINARY(functor, function)                                   \
  struct functor {                                                                 \
    static float apply(float a, float b) { return __builtin_##function##f(a, b); } \
    static double apply(double a, double b) { return __builtin_##function(a, b); } \
  };
NEEDLE_LIBRARY_UNARY(Sqrt, sqrt)
NEEDLE_LIBRARY_UNARY(Exp2, exp2)
NEEDLE_LIBRARY_UNARY(Log2, log2)
NEEDLE_LIBRARY_UNARY(Log10, log10)
NEEDLE_LIBRARY_UNARY(Sin, sin)
NEEDLE_LIBRARY_UNARY(Cos, cos)
NEEDLE_LIBRARY_UNARY(Tan, tan)
NEEDLE_LIBRARY_UNARY(Asin, asin)
NEEDLE_LIBRARY_UNARY(Acos, acos)
NEEDLE_LIBRARY_UNARY(Atan, atan)
NEEDLE_LIBRARY_UNARY(Sinh, sinh)
NEEDLE_LIBRARY_UNARY(Cosh, cosh)
NEEDLE_LIBRARY_UNARY(Asinh, asinh)
NEEDLE_LIBRARY_UNARY(Acosh, acosh)
NEEDLE_LIBRARY_UNARY(Atanh, atanh)
NEEDLE_LIBRARY_BINARY(Atan2, atan2)
NEEDLE_LIBRARY_BINARY(Hypot, hypot)
NEEDLE_LIBRARY_BINARY(CopySign, copysign)
NEEDLE_LIBRARY_BINARY(NextAfter, nextafter)
#undef NEEDLE_LIBRARY_UNARY
#undef NEEDLE_LIBRARY_BINARY

// ---- what a number is

struct IsNan {
  template <class T>
  static bool apply(T a) {
    return a != a;
  }
};
struct IsFinite {
  template <class T>
  static bool apply(T a) {
    return a - a == 0;  // infinity and nan give nan
  }
};
struct IsInf {
  template <class T>
  static bool apply(T a) {
    return !IsNan::apply(a) & !IsFinite::apply(a);
  }
};
struct SignBit {
  template <class T>
  static bool apply(T a) {
    return __builtin_bit_cast(BitsOf<T>, a) >> (8 * sizeof(T) - 1) != 0;
  }
};

// ---- bits and truth

struct BitwiseInvert {
  template <class T>
  static T apply(T a) {
    return static_cast<T>(~a);
  }
};
struct BitwiseAnd {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitwiseOr {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitwiseXor {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
/// Bits that leave the width are lost, all of them if the count is no number of bits.
struct LeftShift {
  template <class T>
  static T apply(T a, T b) {
    const bool inside = b >= T(0) && b < T(8 * sizeof(T));
    return static_cast<T>(inside ? Wrapping<T>(a) << (inside ? b : T(0)) : 0);
  }
};
struct RightShift {
  template <class T>
  static T apply(T a, T b) {
    const bool inside = b >= T(0) && b < T(8 * sizeof(T));
    return static_cast<T>(a >> (inside ? b : T(8 * sizeof(T) - 1)) >> (inside ? 0 : 1));
  }
};
struct LogicalNot {
  template <class T>
  static bool apply(T a) {
    return a == 0;
  }
};
struct LogicalAnd {
  template <class T>
  static bool apply(T a, T b) {
    return (a != 0) & (b != 0);
  }
};
struct LogicalOr {
  template <class T>
  static bool apply(T a, T b) {
    return (a != 0) | (b != 0);
  }
};
struct LogicalXor {
  template <class T>
  static bool apply(T a, T b) {
    return (a != 0) != (b != 0);
  }
};

// ---- comparisons

struct Equal {
  template <class T>
  static bool apply(T a, T b) {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  static bool apply(T a, T b) {
    return a != b;
  }
};
struct Less {
  template <class T>
  static bool apply(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  static bool apply(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  template <class T>
  static bool apply(T a, T b) {
    return a > b;
  }
};
struct GreaterEqual {
  template <class T>
  static bool apply(T a, T b) {
    return a >= b;
  }
};

// ---- conversion

/// A float becomes the integer towards 0, at the ends of the range the last one; nan becomes 0.
template <class To, class From>
To convert(From a) {
  if constexpr (is_float<From> && !is_float<To>) {
    constexpr To lowest = lowest_integer<To>;
    constexpr To highest = static_cast<To>(~lowest);
    // A power of two, so exact, which the largest integer may not be.
    constexpr From end = 2 * static_cast<From>(highest / 2 + 1);
    if (!(a > From(lowest))) return a != a ? To(0) : lowest;
    return a < end ? static_cast<To>(a) : highest;
  }
  return static_cast<To>(a);
}

}  // namespace
}  // namespace needle::NEEDLE_ISA
