// Loops over the functors: compiled once per instruction set, as NEEDLE_ISA.

#if defined(__AVX512F__) && !defined(__clang__)
// Loops that the compiler vectorises wait for memory; 64 bytes at a time, they do so for longer.
#pragma GCC target("prefer-vector-width=256")
#endif

#include "common/functors_table.h"
#include "cpu/elementwise_table.h"

// Elements do not depend on each other, though the compiler cannot know: `out` may be an input.
#if defined(__clang__)
#define NEEDLE_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define NEEDLE_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace needle::NEEDLE_ISA {
namespace {

template <class F, class T>
void unary(const void* const* inputs, int, void* out, std::int64_t count) {
  const T* a = static_cast<const T*>(inputs[0]);
  if constexpr (requires(Vector<T> v) { F::template lanes<T>(v); }) {
    T* result = static_cast<T*>(out);
    for (std::int64_t i = 0; i < count; i += kLanes<T>) {
      store<T>(result + i, F::template lanes<T>(load<T>(a + i, count - i)), count - i);
    }
  } else {
    auto* result = static_cast<typename StoredAs<decltype(F::apply(T{}))>::type*>(out);
    NEEDLE_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) result[i] = F::apply(a[i]);
  }
}

/// What a loop reads: the same element everywhere, or one after the other.
template <class T, bool single>
struct Reader {
  const T* from;
  T value = *from;

  T operator[](std::int64_t i) const { return single ? value : from[i]; }
  Vector<T> lanes(std::int64_t i, std::int64_t count) const {
    return single ? fill(value) : load<T>(from + i, count);
  }
};

template <class F, class T, class A, class B>
void binary_loop(A a, B b, void* out, std::int64_t count) {
  if constexpr (requires(Vector<T> v) { F::template lanes<T>(v, v); }) {
    T* result = static_cast<T*>(out);
    for (std::int64_t i = 0; i < count; i += kLanes<T>) {
      const std::int64_t rest = count - i;
      store<T>(result + i, F::template lanes<T>(a.lanes(i, rest), b.lanes(i, rest)), rest);
    }
  } else {
    auto* result = static_cast<typename StoredAs<decltype(F::apply(T{}, T{}))>::type*>(out);
    NEEDLE_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) result[i] = F::apply(a[i], b[i]);
  }
}

template <class F, class T>
void binary(const void* const* inputs, int single, void* out, std::int64_t count) {
  const T* a = static_cast<const T*>(inputs[0]);
  const T* b = static_cast<const T*>(inputs[1]);
  using One = Reader<T, true>;
  using Each = Reader<T, false>;
  if (single == 0) return binary_loop<F, T>(One{a}, Each{b}, out, count);
  if (single == 1) return binary_loop<F, T>(Each{a}, One{b}, out, count);
  return binary_loop<F, T>(Each{a}, Each{b}, out, count);
}

template <class From, class To>
void cast(const void* const* inputs, int, void* out, std::int64_t count) {
  const From* a = static_cast<const From*>(inputs[0]);
  To* result = static_cast<To*>(out);
  NEEDLE_INDEPENDENT
  for (std::int64_t i = 0; i < count; ++i) result[i] = convert<To>(a[i]);
}

template <class From>
void cast_to_bool(const void* const* inputs, int, void* out, std::int64_t count) {
  const From* a = static_cast<const From*>(inputs[0]);
  std::uint8_t* result = static_cast<std::uint8_t*>(out);
  NEEDLE_INDEPENDENT
  for (std::int64_t i = 0; i < count; ++i) result[i] = a[i] != 0;
}

/// `T` is any type as wide as the elements.
template <class T>
void where(const void* const* inputs, int, void* out, std::int64_t count) {
  const std::uint8_t* condition = static_cast<const std::uint8_t*>(inputs[0]);
  const T* a = static_cast<const T*>(inputs[1]);
  const T* b = static_cast<const T*>(inputs[2]);
  T* result = static_cast<T*>(out);
  NEEDLE_INDEPENDENT
  for (std::int64_t i = 0; i < count; ++i) {
    const T yes = a[i], no = b[i];
    result[i] = condition[i] != 0 ? yes : no;
  }
}

struct Loops {
  using Loop = needle::Loop;

  template <class F, class T>
  static constexpr Loop unary = NEEDLE_ISA::unary<F, T>;
  template <class F, class T>
  static constexpr Loop binary = NEEDLE_ISA::binary<F, T>;
  template <class From, class To>
  static constexpr Loop cast = NEEDLE_ISA::cast<From, To>;
  template <class From>
  static constexpr Loop cast_to_bool = NEEDLE_ISA::cast_to_bool<From>;
  template <class T>
  static constexpr Loop where = NEEDLE_ISA::where<T>;
};

constexpr ElementwiseTable make_table() {
  ElementwiseTable table = {};
  set_unaries<Loops>(table.unary);
  set_binaries<Loops>(table.binary);
  set_casts<Loops>(table.cast);
  set_wheres<Loops>(table.where);
  return table;
}

// The compiler makes it, so that no code of this instruction set runs unasked.
constexpr ElementwiseTable kTable = make_table();

}  // namespace

const ElementwiseTable& elementwise_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
