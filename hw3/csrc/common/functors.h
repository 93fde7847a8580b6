#pragma once
// What each elementwise operation does to one element: `apply`, for every dtype that ops.def gives
// it. Functions of math.h work on vectors: `lanes`. The result's dtype is the argument's, or bool.
//
// Integers wrap and never trap: whatever C leaves undefined has a value here. Only for files that
// are compiled once per instruction set, as NEEDLE_ISA; for a GPU, a vector is one number.

#include <cstdint>

#include "common/functors_rounding.h"
#include "common/functors_truth.h"
#include "common/math.h"
#include "common/wrapping.h"

namespace needle::NEEDLE_ISA {
namespace {

// ---- arithmetic

struct Negative {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    if constexpr (is_float<T>) return -a;
    return static_cast<T>(0 - Wrapping<T>(a));
  }
};
struct Positive {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    return a;
  }
};
struct Abs {
  NEEDLE_FUNCTION static float apply(float a) { return __builtin_fabsf(a); }
  NEEDLE_FUNCTION static double apply(double a) { return __builtin_fabs(a); }
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    return a < T(0) ? Negative::apply(a) : a;
  }
};
struct Sign {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    if constexpr (is_float<T>) {
      const T sign = static_cast<T>((a > 0) - (a < 0));
      return a != a ? a : sign;
    }
    return static_cast<T>((a > T(0)) - (a < T(0)));
  }
};
struct Add {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
  }
};
struct Subtract {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct Multiply {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  }
};
struct Square {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    return Multiply::apply(a, a);
  }
};
struct Divide {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    return a / b;
  }
};
struct Reciprocal {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    return 1 / a;
  }
};
/// The larger one, or nan if one is nan. A comparison of which the second number is chosen if one
/// of them is nan, as b is here, is one instruction; then only a can be a nan that is lost.
struct Maximum {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    const T larger = a > b ? a : b;
    return a != a ? a : larger;
  }
};
struct Minimum {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    const T smaller = a < b ? a : b;
    return a != a ? a : smaller;
  }
};

// ---- nonlinearities of networks; a gradient takes that of the result first

/// The larger one of a and 0, or nan.
struct Relu {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    return Maximum::apply(a, T(0));
  }
};
/// The gradient where x > 0, elsewhere 0: also at 0.
struct ReluGradient {
  template <class T>
  NEEDLE_FUNCTION static T apply(T grad, T x) {
    return x > T(0) ? grad : T(0);
  }
};
/// grad y (1 - y), where y is the sigmoid.
struct SigmoidGradient {
  template <class T>
  NEEDLE_FUNCTION static T apply(T grad, T y) {
    return grad * y * (1 - y);
  }
};
/// grad (1 - y^2), where y is the hyperbolic tangent.
struct TanhGradient {
  template <class T>
  NEEDLE_FUNCTION static T apply(T grad, T y) {
    return grad * (1 - y * y);
  }
};

// ---- functions of vectors (math.h)

struct Exp {
  template <class T>
  NEEDLE_FUNCTION static Vector<T> lanes(Vector<T> x) {
    return exp<T>(x);
  }
};
struct Expm1 {
  template <class T>
  NEEDLE_FUNCTION static Vector<T> lanes(Vector<T> x) {
    return expm1<T>(x);
  }
};
struct Log {
  template <class T>
  NEEDLE_FUNCTION static Vector<T> lanes(Vector<T> x) {
    return log<T>(x);
  }
};
struct Log1p {
  template <class T>
  NEEDLE_FUNCTION static Vector<T> lanes(Vector<T> x) {
    return log1p<T>(x);
  }
};
struct Tanh {
  template <class T>
  NEEDLE_FUNCTION static Vector<T> lanes(Vector<T> x) {
    return tanh<T>(x);
  }
};
struct Sigmoid {
  template <class T>
  NEEDLE_FUNCTION static Vector<T> lanes(Vector<T> x) {
    return sigmoid<T>(x);
  }
};
/// log(e^a + e^b) = max + log(1 + e^-|a - b|); equal infinities have no difference.
struct LogAddExp {
  template <class T>
  NEEDLE_FUNCTION static Vector<T> lanes(Vector<T> a, Vector<T> b) {
    const Vector<T> larger = a > b ? a : b;
    const Vector<T> distance = a == b ? Vector<T>{} : absolute<T>(a - b);
    return larger + log1p<T>(exp<T>(-distance));
  }
};

// ---- functions of the C library

#define NEEDLE_LIBRARY_UNARY(functor, function)                                        \
  struct functor {                                                                     \
    NEEDLE_FUNCTION static float apply(float a) { return __builtin_##function##f(a); } \
    NEEDLE_FUNCTION static double apply(double a) { return __builtin_##function(a); }  \
  };
#define NEEDLE_LIBRARY_BINARY(functor, function)                                                   \
  struct functor {                                                                                 \
    NEEDLE_FUNCTION static float apply(float a, float b) { return __builtin_##function##f(a, b); } \
    NEEDLE_FUNCTION static double apply(double a, double b) { return __builtin_##function(a, b); } \
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

// ---- conversion

/// A float becomes the integer towards 0, at the ends of the range the last one; nan becomes 0.
template <class To, class From>
NEEDLE_FUNCTION To convert(From a) {
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
