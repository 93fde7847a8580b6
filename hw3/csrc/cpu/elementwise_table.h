#pragma once
// The inner loops of the elementwise operations, compiled once per instruction set.

#include <cstdint>

#include "ops/elementwise_table.h"

namespace needle {

/// Calculates `count` elements of `out` from those of the inputs, all without gaps. A loop of two
/// inputs may have one that is a single element for all of them: its number, or kNone. An input may
/// be the memory of `out`, but not overlap it otherwise.
using Loop = void (*)(const void* const* inputs, int single, void* out, std::int64_t count);
inline constexpr int kNone = -1;

using Kernel = KernelOf<Loop>;
using ElementwiseTable = ElementwiseTableOf<Loop>;

}  // namespace needle
