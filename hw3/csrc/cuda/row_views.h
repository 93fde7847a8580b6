#pragma once
// Views as kernels that work on rows see them.

#include <cstdint>

#include "common/view.h"
#include "common/wrapping.h"

namespace needle::cuda {

/// The view itself if the elements of its rows, along the last axis, lie side by side, and the rows
/// are all the same distance apart; otherwise a copy without gaps. The view has elements.
View with_rows(const View& view);

/// The distance between neighbouring rows of such a view, counted in row-major order.
std::int64_t row_stride(const View& view);

/// The rows of such a view.
template <class T>
struct Rows {
  const T* data;
  std::int64_t stride;

  explicit Rows(const View& view) : data(view.data<T>()), stride(row_stride(view)) {}
  NEEDLE_FUNCTION const T* operator[](std::int64_t row) const { return data + row * stride; }
};

}  // namespace needle::cuda
