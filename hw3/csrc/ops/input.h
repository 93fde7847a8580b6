#pragma once
// What elementwise work reads.

#include <cstdint>

#include "common/view.h"

namespace needle {

/// A number, as an array of its dtype holds it.
struct Number {
  DType dtype;
  alignas(8) char bytes[8];
};

inline constexpr int kMaxInputs = 3;

/// Something to read, with strides for the result's shape.
struct Input {
  const char* data;
  std::int64_t item_size;
  Dims strides;
  bool is_number;  // then `data` is in host memory

  /// A view that broadcasts to `shape`. Throws std::invalid_argument if it does not.
  Input(const View& view, const Dims& shape)
      : data(view.bytes()),
        item_size(static_cast<std::int64_t>(needle::item_size(view.dtype))),
        strides(view.shape == shape ? view.strides
                                    : broadcast_strides(view.shape, view.strides, shape)),
        is_number(false) {}

  /// The same number everywhere; it must outlive the work.
  Input(const Number& number, const Dims& shape)
      : data(number.bytes),
        item_size(static_cast<std::int64_t>(needle::item_size(number.dtype))),
        strides(shape.size(), 0),
        is_number(true) {}
};

}  // namespace needle
