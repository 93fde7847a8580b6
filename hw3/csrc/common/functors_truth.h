#pragma once
// Functors of what is true of numbers, of bits, and of comparisons (see functors.h).

#include "common/math.h"
#include "common/wrapping.h"

namespace needle::NEEDLE_ISA {
namespace {

// ---- what a number is

struct IsNan {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a) {
    return a != a;
  }
};
struct IsFinite {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a) {
    return a - a == 0;  // infinity and nan give nan
  }
};
struct IsInf {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a) {
    return !IsNan::apply(a) & !IsFinite::apply(a);
  }
};
struct SignBit {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a) {
    return __builtin_bit_cast(BitsOf<T>, a) >> (8 * sizeof(T) - 1) != 0;
  }
};

// ---- bits and truth

struct BitwiseInvert {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a) {
    return static_cast<T>(~a);
  }
};
struct BitwiseAnd {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitwiseOr {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitwiseXor {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
/// Bits that leave the width are lost, all of them if the count is no number of bits.
struct LeftShift {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    const bool inside = b >= T(0) && b < T(8 * sizeof(T));
    return static_cast<T>(inside ? Wrapping<T>(a) << (inside ? b : T(0)) : 0);
  }
};
struct RightShift {
  template <class T>
  NEEDLE_FUNCTION static T apply(T a, T b) {
    const bool inside = b >= T(0) && b < T(8 * sizeof(T));
    return static_cast<T>(a >> (inside ? b : T(8 * sizeof(T) - 1)) >> (inside ? 0 : 1));
  }
};
struct LogicalNot {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a) {
    return a == 0;
  }
};
struct LogicalAnd {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return (a != 0) & (b != 0);
  }
};
struct LogicalOr {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return (a != 0) | (b != 0);
  }
};
struct LogicalXor {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return (a != 0) != (b != 0);
  }
};

// ---- comparisons

struct Equal {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return a != b;
  }
};
struct Less {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return a > b;
  }
};
struct GreaterEqual {
  template <class T>
  NEEDLE_FUNCTION static bool apply(T a, T b) {
    return a >= b;
  }
};

}  // namespace
}  // namespace needle::NEEDLE_ISA
