// Copies of many short lines, which the patches of a convolution are made of; compiled once per
// instruction set (see isa.h).

#include "cpu/conv_kernels.h"
#include "cpu/simd.h"

namespace needle::NEEDLE_ISA {
namespace {

using std::int64_t;

/// Copies `Count` numbers.
template <int64_t Count, class T>
inline __attribute__((always_inline)) void copy_some(const T* from, T* to) {
  __builtin_memcpy(to, from, Count * sizeof(T));
}

/// Copies Half <= count <= 2 Half numbers, those in the middle twice.
template <int64_t Half, class T>
inline __attribute__((always_inline)) void copy_ends(const T* from, T* to, int64_t count) {
  T last[Half];
  __builtin_memcpy(last, from + count - Half, sizeof(last));
  copy_some<Half>(from, to);
  __builtin_memcpy(to + count - Half, last, sizeof(last));
}

template <class T, class Copy>
inline __attribute__((always_inline)) void each_line(const T* from, int64_t from_stride, T* to,
                                                     int64_t to_stride, int64_t lines, Copy copy) {
  for (int64_t line = 0; line < lines; ++line, from += from_stride, to += to_stride) copy(from, to);
}

template <class T>
void copy_lines(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t lines,
                int64_t count) {
  constexpr int64_t kSome = kVectorBytes < 32 ? kLanes<T> : 32 / sizeof(T);
  const auto each = [&](auto copy) __attribute__((always_inline)) {
    each_line(from, from_stride, to, to_stride, lines, copy);
  };
  if (count > 2 * kSome) {
    each([count](const T* a, T* b) __attribute__((always_inline)) {
      for (int64_t i = 0; i < count - kSome; i += kSome) copy_some<kSome>(a + i, b + i);
      copy_some<kSome>(a + count - kSome, b + count - kSome);
    });
  } else if (count >= kSome) {
    each([count](const T* a, T* b) __attribute__((always_inline)) {
      copy_ends<kSome>(a, b, count);
    });
  } else if (kSome > 8 && count >= 8) {
    each([count](const T* a, T* b) __attribute__((always_inline)) { copy_ends<8>(a, b, count); });
  } else if (kSome > 4 && count >= 4) {
    each([count](const T* a, T* b) __attribute__((always_inline)) { copy_ends<4>(a, b, count); });
  } else {
    each([count](const T* a, T* b) __attribute__((always_inline)) {
      for (int64_t i = 0; i < count; ++i) b[i] = a[i];
    });
  }
}

}  // namespace

const ConvTable& conv_table() {
  static constexpr ConvTable table = {{copy_lines<float>}, {copy_lines<double>}};
  return table;
}

}  // namespace needle::NEEDLE_ISA
