#pragma once
// Loops over rows by vectors: loads that fill up the last one, and reductions of lanes.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/math.h"
#include "cpu/simd_parts.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
inline constexpr T kInfinity = __builtin_huge_valf();

/// The numbers of the lanes, in the type of which comparisons of vectors are made.
template <class T>
NEEDLE_INLINE auto lane_numbers() {
  decltype(Vector<T>{} < Vector<T>{}) numbers;
  for (int lane = 0; lane < kLanes<T>; ++lane) numbers[lane] = lane;
  return numbers;
}

/// Reads the first `count` lanes, at most all of them; the others are 0, or `filler`.
template <class T>
NEEDLE_INLINE Vector<T> load_part(const T* from, std::int64_t count) {
  return count >= kLanes<T> ? load(from) : First<T>(count).load(from);
}
template <class T>
NEEDLE_INLINE Vector<T> load_or(const T* from, std::int64_t count, T filler) {
  if (count >= kLanes<T>) return load(from);
  const Vector<T> part = First<T>(count).load(from);
  const auto numbers = lane_numbers<T>();
  return numbers < static_cast<decltype(numbers[0] + 0)>(count) ? part : fill(filler);
}
template <class T>
NEEDLE_INLINE void store_part(T* to, Vector<T> vector, std::int64_t count) {
  if (count >= kLanes<T>) return store(to, vector);
  First<T>(count).store(to, vector);
}

template <class T>
Vector<T> larger(Vector<T> a, Vector<T> b) {
  return a > b ? a : b;
}
template <class T>
Vector<T> square_root(Vector<T> x) {
  for (int lane = 0; lane < kLanes<T>; ++lane) {
    if constexpr (sizeof(T) == sizeof(float)) {
      x[lane] = __builtin_sqrtf(x[lane]);
    } else {
      x[lane] = __builtin_sqrt(x[lane]);
    }
  }
  return x;
}

/// One half of the lanes with the other, until one is left.
template <class T, int N, class Combine>
NEEDLE_INLINE T fold(Vector<T, N> vector, const Combine& combine) {
  if constexpr (N == 2) {
    return combine(vector[0], vector[1]);
  } else {
    Vector<T, N / 2> halves[2];
    __builtin_memcpy(halves, &vector, sizeof(vector));
    return fold<T, N / 2>(combine(halves[0], halves[1]), combine);
  }
}

template <class T>
NEEDLE_INLINE T sum_of(Vector<T> vector) {
  return fold<T, kLanes<T>>(vector, [](auto a, auto b) { return a + b; });
}
template <class T>
NEEDLE_INLINE T max_of(Vector<T> vector) {
  return fold<T, kLanes<T>>(vector, [](auto a, auto b) { return a > b ? a : b; });
}

/// Some sums that are added up side by side, so that none waits for the last addition.
template <class T>
struct Sums {
  static constexpr int kSums = 4;
  Vector<T> sums[kSums] = {};

  T total() const { return sum_of<T>((sums[0] + sums[1]) + (sums[2] + sums[3])); }
};

/// The sum of `term(i, count)` over the vectors of a row of n elements; `count` is what is left of
/// the row at i, and lanes beyond it are to be 0. Long rows are added up in blocks, whose sums are
/// of float64: the rounding error does not grow with n.
template <class T, class Term>
double sum_over(std::int64_t n, const Term& term) {
  constexpr std::int64_t kBlock = 4096;
  double total = 0;
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t end = n - start > kBlock ? start + kBlock : n;
    Sums<T> sums;
    std::int64_t i = start;
    for (; i + Sums<T>::kSums * kLanes<T> <= end; i += Sums<T>::kSums * kLanes<T>) {
#pragma GCC unroll 4
      for (int k = 0; k < Sums<T>::kSums; ++k) {
        sums.sums[k] += term(i + k * kLanes<T>, kLanes<T>);
      }
    }
    for (; i < end; i += kLanes<T>) sums.sums[0] += term(i, n - i);
    total += static_cast<double>(sums.total());
  }
  return total;
}

}  // namespace
}  // namespace needle::NEEDLE_ISA
