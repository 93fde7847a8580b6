#pragma once
// Indices that may count from the end.

#include <cstdint>

#include "ops/indexing_kernels.h"

namespace needle {

/// The index that is meant, from the start. Throws std::out_of_range.
inline std::int64_t wrapped(std::int64_t index, std::int64_t axis, std::int64_t size) {
  if (index < -size || index >= size) fail_index(index, axis, size);
  return index < 0 ? index + size : index;
}

}  // namespace needle
