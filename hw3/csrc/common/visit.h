#pragma once
// From a dtype that is known when the program runs to a type that the compiler knows.

#include <cstdint>
#include <utility>

#include "common/dtype.h"

namespace needle {

/// Calls `function` with a value of the C++ type of the elements; bools are uint8_t.
template <class Function>
decltype(auto) visit(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::int32:
      return std::forward<Function>(function)(std::int32_t{});
    case DType::int64:
      return std::forward<Function>(function)(std::int64_t{});
    case DType::float32:
      return std::forward<Function>(function)(float{});
    case DType::float64:
      return std::forward<Function>(function)(double{});
    default:
      return std::forward<Function>(function)(std::uint8_t{});
  }
}

/// Calls `function` with an unsigned integer as wide as the elements: enough to move them.
template <class Function>
decltype(auto) visit_width(DType dtype, Function&& function) {
  switch (item_size(dtype)) {
    case 4:
      return std::forward<Function>(function)(std::uint32_t{});
    case 8:
      return std::forward<Function>(function)(std::uint64_t{});
    default:
      return std::forward<Function>(function)(std::uint8_t{});
  }
}

}  // namespace needle
