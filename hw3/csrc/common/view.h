#pragma once
// A view: elements of a buffer, chosen by an offset, a shape and strides.

#include <cstdint>
#include <initializer_list>

#include "common/buffer.h"
#include "common/dtype.h"
#include "common/layout.h"

namespace needle {

struct View {
  BufferRef buffer;
  DType dtype = DType::float32;
  bool writable = true;
  std::int64_t offset = 0;
  Dims shape, strides;

  /// A new row-major array whose values are not set.
  static View empty(DType dtype, const Dims& shape);

  /// A new array for what is computed of operands that broadcast to `shape`. It lies in memory as
  /// the first operand of that shape does, if that has no gaps, otherwise row-major: so a chain of
  /// operations on transposed arrays never reads one way and writes the other.
  static View for_result(DType dtype, const Dims& shape,
                         std::initializer_list<const View*> operands);

  /// The same buffer seen otherwise. Throws std::invalid_argument if that leaves the buffer.
  View restride(const Dims& shape, const Dims& strides, std::int64_t offset) const;

  int ndim() const { return shape.size(); }
  std::int64_t size() const { return count(shape); }
  bool compact() const { return is_compact(shape, strides); }

  /// The first element.
  template <class T>
  T* data() const {
    return static_cast<T*>(buffer->data()) + offset;
  }
  char* bytes() const {
    return static_cast<char*>(buffer->data()) +
           offset * static_cast<std::int64_t>(item_size(dtype));
  }
};

/// The memory from the first to behind the last byte that a view reaches; nullptr for none.
struct Extent {
  const char *first = nullptr, *end = nullptr;
};
Extent extent(const View& view);

/// Whether the extents of the two views overlap: then they may have elements in common.
bool may_overlap(const View& a, const View& b);

}  // namespace needle
