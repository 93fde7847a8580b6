#pragma once
// What each reduction does to two vectors of numbers, or to two numbers.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "common/wrapping.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
constexpr bool kFloating = T(0.5) != T(0);
template <class T>
constexpr bool kSigned = T(-1) < T(0);

template <class T>
constexpr T smallest() {
  if constexpr (kFloating<T>) {
    return -T(__builtin_inf());
  } else {
    return kSigned<T> ? T(T(1) << (8 * sizeof(T) - 1)) : T(0);
  }
}

template <class T>
constexpr T largest() {
  if constexpr (kFloating<T>) {
    return T(__builtin_inf());
  } else {
    return T(~smallest<T>());
  }
}

// Each operation has the value that changes nothing, and how two vectors become one.
// `kTruth`: its operands are whether elements are not 0; `kChoice`: its result is one of the two.

struct Sum {
  static constexpr bool kTruth = false, kChoice = false;
  template <class T>
  static constexpr T identity = T(0);
  template <class V>
  NEEDLE_FUNCTION static V combine(V a, V b) {
    return a + b;
  }
};

struct Prod {
  static constexpr bool kTruth = false, kChoice = false;
  template <class T>
  static constexpr T identity = T(1);
  template <class V>
  NEEDLE_FUNCTION static V combine(V a, V b) {
    return a * b;
  }
};

// A nan is unequal to itself: b is taken if it is one, and never replaces one by comparing larger.
struct Max {
  static constexpr bool kTruth = false, kChoice = true;
  template <class T>
  static constexpr T identity = smallest<T>();
  template <class V>
  NEEDLE_FUNCTION static V combine(V a, V b) {
    return ((b > a) | (b != b)) ? b : a;
  }
};

struct Min {
  static constexpr bool kTruth = false, kChoice = true;
  template <class T>
  static constexpr T identity = largest<T>();
  template <class V>
  NEEDLE_FUNCTION static V combine(V a, V b) {
    return ((b < a) | (b != b)) ? b : a;
  }
};

struct Any {
  static constexpr bool kTruth = true, kChoice = false;
  template <class T>
  static constexpr T identity = T(0);
  template <class V>
  NEEDLE_FUNCTION static V combine(V a, V b) {
    return a | b;
  }
};

struct All {
  static constexpr bool kTruth = true, kChoice = false;
  template <class T>
  static constexpr T identity = T(1);
  template <class V>
  NEEDLE_FUNCTION static V combine(V a, V b) {
    return a & b;
  }
};

}  // namespace
}  // namespace needle::NEEDLE_ISA
