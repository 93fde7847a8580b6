// Loops over the functors: compiled once per instruction set, as NEEDLE_ISA.

#if defined(__AVX512F__) && !defined(__clang__)
// Loops that the compiler vectorises wait for memory; 64 bytes at a time, they do so for longer.
#pragma GCC target("prefer-vector-width=256")
#endif

#include "common/functors.h"
#include "cpu/elementwise_table.h"
#include "cpu/simd.h"

// Elements do not depend on each other, though the compiler cannot know: `out` may be an input.
#if defined(__clang__)
#define NEEDLE_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define NEEDLE_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace needle::NEEDLE_ISA {
namespace {

/// A bool is a byte in memory. (A C++ bool whose byte is neither 0 nor 1 has no defined behaviour,
/// and NumPy can lend such bytes.)
template <class T>
struct StoredAs {
  using type = T;
};
template <>
struct StoredAs<bool> {
  using type = std::uint8_t;
};

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

// ---- the table; the compiler makes it, so that no code of this instruction set runs unasked

template <DType dtype>
struct ElementOf {
  using type = std::uint8_t;
};
template <>
struct ElementOf<DType::int32> {
  using type = std::int32_t;
};
template <>
struct ElementOf<DType::int64> {
  using type = std::int64_t;
};
template <>
struct ElementOf<DType::float32> {
  using type = float;
};
template <>
struct ElementOf<DType::float64> {
  using type = double;
};

template <DType dtype, class Result>
constexpr DType result_of() {
  return std::is_same_v<Result, bool> ? DType::boolean : dtype;
}

template <class F, DTypeSet dtypes, DType dtype>
constexpr void set_unary(Kernel (&kernels)[kDTypes]) {
  using T = typename ElementOf<dtype>::type;
  if constexpr ((dtypes & set_of(dtype)) != 0) {
    Kernel& kernel = kernels[static_cast<int>(dtype)];
    kernel.loop = unary<F, T>;
    if constexpr (requires { F::apply(T{}); }) {
      kernel.result = result_of<dtype, decltype(F::apply(T{}))>();
    } else {
      kernel.result = dtype;
    }
  }
}

template <class F, DTypeSet dtypes, DType dtype>
constexpr void set_binary(Kernel (&kernels)[kDTypes]) {
  using T = typename ElementOf<dtype>::type;
  if constexpr ((dtypes & set_of(dtype)) != 0) {
    Kernel& kernel = kernels[static_cast<int>(dtype)];
    kernel.loop = binary<F, T>;
    if constexpr (requires { F::apply(T{}, T{}); }) {
      kernel.result = result_of<dtype, decltype(F::apply(T{}, T{}))>();
    } else {
      kernel.result = dtype;
    }
  }
}

template <DType from>
constexpr void set_casts(Loop (&loops)[kDTypes]) {
  using T = typename ElementOf<from>::type;
  loops[0] = cast_to_bool<T>;
  loops[1] = cast<T, std::uint8_t>;
  loops[2] = cast<T, std::int32_t>;
  loops[3] = cast<T, std::int64_t>;
  loops[4] = cast<T, float>;
  loops[5] = cast<T, double>;
}

template <int... I>
struct Indices {};
using AllDTypes = Indices<0, 1, 2, 3, 4, 5>;

template <class F, DTypeSet dtypes, int... I>
constexpr void set_unaries(Kernel (&kernels)[kDTypes], Indices<I...>) {
  (set_unary<F, dtypes, DType{I}>(kernels), ...);
}
template <class F, DTypeSet dtypes, int... I>
constexpr void set_binaries(Kernel (&kernels)[kDTypes], Indices<I...>) {
  (set_binary<F, dtypes, DType{I}>(kernels), ...);
}
template <int... I>
constexpr void set_all_casts(ElementwiseTable& table, Indices<I...>) {
  (set_casts<DType{I}>(table.cast[I]), ...);
}

constexpr ElementwiseTable make_table() {
  ElementwiseTable table = {};
#define NEEDLE_UNARY(name, functor, dtypes) \
  set_unaries<functor, dtypes>(table.unary[static_cast<int>(Unary::name)], AllDTypes());
#define NEEDLE_BINARY(name, functor, dtypes) \
  set_binaries<functor, dtypes>(table.binary[static_cast<int>(Binary::name)], AllDTypes());
#include "common/ops.def"
  // The inverse of a truth value has one bit, not eight.
  table.unary[static_cast<int>(Unary::bitwise_invert)][0] =
      table.unary[static_cast<int>(Unary::logical_not)][0];
  set_all_casts(table, AllDTypes());
  for (int dtype = 0; dtype < kDTypes; ++dtype) {
    const std::size_t size = item_size(static_cast<DType>(dtype));
    table.where[dtype] = size == 8   ? where<std::uint64_t>
                         : size == 4 ? where<std::uint32_t>
                                     : where<std::uint8_t>;
  }
  return table;
}

constexpr ElementwiseTable kTable = make_table();

}  // namespace

const ElementwiseTable& elementwise_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
