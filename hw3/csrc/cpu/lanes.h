#pragma once
// Loops over rows by vectors: loads that fill up the last one, and reductions of lanes.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/math.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
inline constexpr T kInfinity = __builtin_huge_valf();

/// Reads a whole vector.
template <class T>
Vector<T> load(const T* from) {
  Vector<T> vector;
  __builtin_memcpy(&vector, from, sizeof(vector));
  return vector;
}
template <class T>
void store(T* to, Vector<T> vector) {
  __builtin_memcpy(to, &vector, sizeof(vector));
}

/// Reads the first `count` lanes, at most all of them; the others are `filler`.
template <class T>
Vector<T> load_or(const T* from, std::int64_t count, T filler) {
  if (count >= kLanes<T>) return load(from);
  Vector<T> vector = fill(filler);
  __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * sizeof(T));
  return vector;
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

template <class T>
T sum_of(Vector<T> vector) {
  T lanes[kLanes<T>];
  store(lanes, vector);
  for (int half = kLanes<T> / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}
template <class T>
T max_of(Vector<T> vector) {
  T lanes[kLanes<T>];
  store(lanes, vector);
  for (int half = kLanes<T> / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) {
      lanes[lane] = lanes[lane] > lanes[lane + half] ? lanes[lane] : lanes[lane + half];
    }
  }
  return lanes[0];
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
