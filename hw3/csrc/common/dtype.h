#pragma once
// The element types of arrays.

#include <cstddef>
#include <cstdint>

namespace needle {

enum class DType : std::uint8_t { boolean, uint8, int32, int64, float32, float64 };

inline constexpr int kDTypes = 6;
inline constexpr DType kAllDTypes[kDTypes] = {DType::boolean, DType::uint8,   DType::int32,
                                              DType::int64,   DType::float32, DType::float64};

/// Bytes of one element.
constexpr std::size_t item_size(DType dtype) {
  constexpr std::size_t sizes[kDTypes] = {1, 1, 4, 8, 4, 8};
  return sizes[static_cast<int>(dtype)];
}

constexpr const char* name_of(DType dtype) {
  constexpr const char* names[kDTypes] = {"bool", "uint8", "int32", "int64", "float32", "float64"};
  return names[static_cast<int>(dtype)];
}

constexpr bool is_floating(DType dtype) {
  return dtype >= DType::float32;
}

template <class T>
inline constexpr DType dtype_of = DType::boolean;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::uint8;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::int32;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::int64;
template <>
inline constexpr DType dtype_of<float> = DType::float32;
template <>
inline constexpr DType dtype_of<double> = DType::float64;

}  // namespace needle
