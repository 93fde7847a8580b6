#pragma once
// The inner loops of the elementwise operations, compiled once per instruction set.

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

/// Calculates `count` elements of `out` from those of the inputs, all without gaps. A loop of two
/// inputs may have one that is a single element for all of them: its number, or kNone. An input may
/// be the memory of `out`, but not overlap it otherwise.
using Loop = void (*)(const void* const* inputs, int single, void* out, std::int64_t count);
inline constexpr int kNone = -1;

struct Kernel {
  Loop loop = nullptr;  // none: the operation has not this dtype
  DType result = DType::boolean;
};

struct ElementwiseTable {
  Kernel unary[kUnaries][kDTypes];
  Kernel binary[kBinaries][kDTypes];
  Loop cast[kDTypes][kDTypes];  // [from][to]
  Loop where[kDTypes];          // of a bool, and two of the dtype
};

/// The table of the current instruction set.
const ElementwiseTable& elementwise_table();

}  // namespace needle
