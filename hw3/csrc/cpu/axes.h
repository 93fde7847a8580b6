#pragma once
// Some axes of a view, as short as they can be written.

#include <cstdint>

#include "common/layout.h"

namespace needle {

/// Axes from the outermost to the inner one, where neighbours are one if the elements lie so. There
/// is always an inner axis: of size 1 if there is nothing to walk. Places are counted in row-major
/// order, which merging does not change.
struct Axes {
  Dims shape, strides;

  Axes() : shape(1, 1), strides(1, 0) {}
  Axes(std::int64_t size, std::int64_t stride) : shape(1, size), strides(1, stride) {}

  /// The axes first ... last - 1 of a view that has elements.
  Axes(const Dims& sizes, const Dims& steps, int first, int last) : Axes() {
    for (int axis = first; axis < last; ++axis) push(sizes[axis], steps[axis]);
  }

  /// Adds an axis inside of the others. `size` is not 0.
  void push(std::int64_t size, std::int64_t stride) {
    if (size == 1) return;
    if (inner_size() == 1 || inner_stride() == size * stride) {
      shape[inner()] *= size;
      strides[inner()] = stride;
    } else {
      shape.push_back(size);
      strides.push_back(stride);
    }
  }

  int inner() const { return shape.size() - 1; }
  std::int64_t inner_size() const { return shape[inner()]; }
  std::int64_t inner_stride() const { return strides[inner()]; }

  std::int64_t size() const { return outer_size() * inner_size(); }
  /// The number of places of the axes other than the inner one.
  std::int64_t outer_size() const {
    std::int64_t size = 1;
    for (int axis = 0; axis < inner(); ++axis) size *= shape[axis];
    return size;
  }

  /// The offset of a place of the outer axes.
  std::int64_t outer_offset(std::int64_t place) const {
    std::int64_t offset = 0;
    for (int axis = inner() - 1; axis >= 0; --axis) {
      offset += place % shape[axis] * strides[axis];
      place /= shape[axis];
    }
    return offset;
  }

  /// The offset of a place of all axes.
  std::int64_t offset(std::int64_t place) const {
    return outer_offset(place / inner_size()) + place % inner_size() * inner_stride();
  }
};

}  // namespace needle
