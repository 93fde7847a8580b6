#pragma once
// Moving rectangles of elements between strided memory and memory without gaps.

#include <cstdint>

namespace needle {

/// Where the elements of a rectangle lie. Strides are in elements.
struct Block {
  std::int64_t rows, columns;
  std::int64_t row_stride, column_stride;

  std::int64_t size() const { return rows * columns; }
  /// Whether they lie one after the other, row by row.
  bool flat() const {
    return (columns == 1 || column_stride == 1) && (rows == 1 || row_stride == columns);
  }
  /// Whether they are all the same element.
  bool repeats() const {
    return (columns == 1 || column_stride == 0) && (rows == 1 || row_stride == 0);
  }
};

/// Copies the elements that lie at `from` as `block` says into `to`, row by row without gaps.
void pack(void* to, const void* from, const Block& block, std::int64_t item_size);

/// The reverse: copies elements without gaps to where they lie at `to`. If `stream` is set, past
/// the caches, where the processor can; `end_stream` is then due.
void unpack(void* to, const void* from, const Block& block, std::int64_t item_size, bool stream);

/// Makes streamed elements visible to other threads.
void end_stream();

}  // namespace needle
