#pragma once
// Vectors of the instruction set that this file is compiled for, by the extension that GCC and
// Clang share: arithmetic is per lane, a comparison gives a mask of integers (0 or -1), and
// `mask ? a : b` chooses per lane.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include <cstdint>

// Of what loops call, so that vectors stay in registers.
#define NEEDLE_INLINE inline __attribute__((always_inline))

namespace needle::NEEDLE_ISA {
namespace {

using std::int64_t;

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

template <class T>
inline constexpr std::int64_t kLanes = kVectorBytes / sizeof(T);

template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};
template <class T, int N = kLanes<T>>
using Vector = typename VectorOf<T, N>::type;

/// Reads the first `count` lanes, at most all of them; the others are 0.
template <class T>
Vector<T> load(const T* from, std::int64_t count) {
  Vector<T> vector = {};
  if (count >= kLanes<T>) {
    __builtin_memcpy(&vector, from, sizeof(vector));
  } else {
    __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * sizeof(T));
  }
  return vector;
}

template <class T>
void store(T* to, Vector<T> vector, std::int64_t count) {
  if (count >= kLanes<T>) {
    __builtin_memcpy(to, &vector, sizeof(vector));
  } else {
    __builtin_memcpy(to, &vector, static_cast<std::size_t>(count) * sizeof(T));
  }
}

}  // namespace
}  // namespace needle::NEEDLE_ISA
