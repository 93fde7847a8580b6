#pragma once
// The tables of elementwise loops, from ops.def: of each operation for every dtype that it has.
//
// A device says what its loops are in a struct `Loops`: their type `Loop`, and templates
// `unary<F, T>`, `binary<F, T>`, `cast<From, To>`, `cast_to_bool<From>` and `where<T>` of them.

#include "common/functors.h"
#include "ops/elementwise_table.h"

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

/// What a functor makes of elements; functions of vectors keep their type.
template <class F, class... T>
struct ResultOf {
  using type = std::common_type_t<T...>;
};
template <class F, class... T>
  requires requires { F::apply(T{}...); }
struct ResultOf<F, T...> {
  using type = decltype(F::apply(T{}...));
};

template <DType dtype, class Result>
constexpr DType result_of() {
  return std::is_same_v<Result, bool> ? DType::boolean : dtype;
}

template <class Loops, class F, DTypeSet dtypes, DType dtype, class Kernel>
constexpr void set_unary(Kernel (&kernels)[kDTypes]) {
  if constexpr ((dtypes & set_of(dtype)) != 0) {
    using T = typename ElementOf<dtype>::type;
    kernels[static_cast<int>(dtype)] = {Loops::template unary<F, T>,
                                        result_of<dtype, typename ResultOf<F, T>::type>()};
  }
}

template <class Loops, class F, DTypeSet dtypes, DType dtype, class Kernel>
constexpr void set_binary(Kernel (&kernels)[kDTypes]) {
  if constexpr ((dtypes & set_of(dtype)) != 0) {
    using T = typename ElementOf<dtype>::type;
    kernels[static_cast<int>(dtype)] = {Loops::template binary<F, T>,
                                        result_of<dtype, typename ResultOf<F, T, T>::type>()};
  }
}

template <int... I>
struct Indices {};
using AllDTypes = Indices<0, 1, 2, 3, 4, 5>;

template <class Loops, class F, DTypeSet dtypes, class Kernel, int... I>
constexpr void set_unary_row(Kernel (&kernels)[kDTypes], Indices<I...>) {
  (set_unary<Loops, F, dtypes, DType{I}>(kernels), ...);
}
template <class Loops, class F, DTypeSet dtypes, class Kernel, int... I>
constexpr void set_binary_row(Kernel (&kernels)[kDTypes], Indices<I...>) {
  (set_binary<Loops, F, dtypes, DType{I}>(kernels), ...);
}

template <class Loops, class Kernel>
constexpr void set_unaries(Kernel (&rows)[kUnaries][kDTypes]) {
#define NEEDLE_UNARY(name, functor, dtypes) \
  set_unary_row<Loops, functor, dtypes>(rows[static_cast<int>(Unary::name)], AllDTypes());
#include "common/ops.def"
  // The inverse of a truth value has one bit, not eight.
  rows[static_cast<int>(Unary::bitwise_invert)][0] = rows[static_cast<int>(Unary::logical_not)][0];
}

template <class Loops, class Kernel>
constexpr void set_binaries(Kernel (&rows)[kBinaries][kDTypes]) {
#define NEEDLE_BINARY(name, functor, dtypes) \
  set_binary_row<Loops, functor, dtypes>(rows[static_cast<int>(Binary::name)], AllDTypes());
#include "common/ops.def"
}

template <class Loops, DType from, class Loop>
constexpr void set_casts_of(Loop (&loops)[kDTypes]) {
  using T = typename ElementOf<from>::type;
  loops[0] = Loops::template cast_to_bool<T>;
  loops[1] = Loops::template cast<T, std::uint8_t>;
  loops[2] = Loops::template cast<T, std::int32_t>;
  loops[3] = Loops::template cast<T, std::int64_t>;
  loops[4] = Loops::template cast<T, float>;
  loops[5] = Loops::template cast<T, double>;
}
template <class Loops, class Loop, int... I>
constexpr void set_casts(Loop (&loops)[kDTypes][kDTypes], Indices<I...>) {
  (set_casts_of<Loops, DType{I}>(loops[I]), ...);
}
template <class Loops, class Loop>
constexpr void set_casts(Loop (&loops)[kDTypes][kDTypes]) {
  set_casts<Loops>(loops, AllDTypes());
}

/// Choices only move elements: loops are those of unsigned integers as wide.
template <class Loops, class Loop>
constexpr void set_wheres(Loop (&loops)[kDTypes]) {
  for (int dtype = 0; dtype < kDTypes; ++dtype) {
    const std::size_t size = item_size(static_cast<DType>(dtype));
    loops[dtype] = size == 8   ? Loops::template where<std::uint64_t>
                   : size == 4 ? Loops::template where<std::uint32_t>
                               : Loops::template where<std::uint8_t>;
  }
}

}  // namespace
}  // namespace needle::NEEDLE_ISA
