#pragma once
// The elementwise operations of common/ops.def and the reductions, by name, for every device.

#include <cstdint>

#include "common/dtype.h"

namespace needle {

/// Sets of dtypes, a bit for each.
using DTypeSet = unsigned;
constexpr DTypeSet set_of(DType dtype) {
  return 1u << static_cast<int>(dtype);
}
inline constexpr DTypeSet kBoolean = set_of(DType::boolean);
inline constexpr DTypeSet kIntegers =
    set_of(DType::uint8) | set_of(DType::int32) | set_of(DType::int64);
inline constexpr DTypeSet kFloating = set_of(DType::float32) | set_of(DType::float64);
inline constexpr DTypeSet kNumeric = kIntegers | kFloating;

enum class Unary {
#define NEEDLE_UNARY(name, functor, dtypes) name,
#include "common/ops.def"
};
enum class Binary {
#define NEEDLE_BINARY(name, functor, dtypes) name,
#include "common/ops.def"
};

inline constexpr const char* kUnaryNames[] = {
#define NEEDLE_UNARY(name, functor, dtypes) #name,
#include "common/ops.def"
};
inline constexpr const char* kBinaryNames[] = {
#define NEEDLE_BINARY(name, functor, dtypes) #name,
#include "common/ops.def"
};
inline constexpr int kUnaries = sizeof(kUnaryNames) / sizeof(kUnaryNames[0]);
inline constexpr int kBinaries = sizeof(kBinaryNames) / sizeof(kBinaryNames[0]);

enum class Reduction : std::uint8_t { sum, prod, max, min, any, all };
inline constexpr int kReductions = 6;

}  // namespace needle
