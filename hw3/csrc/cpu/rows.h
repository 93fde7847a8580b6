#pragma once
// The rows of views: what kernels that work along the last axis read and write.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/view.h"
#include "cpu/axes.h"
#include "cpu/pack.h"
#include "cpu/parallel.h"

namespace needle {

/// Reads the rows of a view that has elements: its last axis, at every place of the others, which
/// are counted in row-major order. A row without gaps is read where it lies; others are packed, a
/// few neighbours at a time. For one thread.
template <class T>
class RowReader {
 public:
  explicit RowReader(const View& view)
      : data_(view.data<T>()),
        places_(view.shape, view.strides, 0, view.ndim() - 1),
        size_(view.shape[view.ndim() - 1]),
        stride_(view.strides[view.ndim() - 1]) {}

  const T* operator[](std::int64_t row) {
    if (stride_ == 1 || size_ == 1) return data_ + places_.offset(row);
    if (row < first_ || row >= last_) pack_from(row);
    return packed_.data() + (row - first_) * size_;
  }

 private:
  static constexpr std::int64_t kRows = 16;           // a line of the cache serves so many
  static constexpr std::int64_t kElements = 1 << 18;  // and they stay in the second cache

  void pack_from(std::int64_t row) {
    const std::int64_t neighbours = places_.inner_size() - row % places_.inner_size();
    const std::int64_t room = std::clamp<std::int64_t>(kElements / size_, 1, kRows);
    const std::int64_t rows = std::min(neighbours, room);
    packed_.resize(static_cast<std::size_t>(rows * size_));
    const Block block = {rows, size_, places_.inner_stride(), stride_};
    pack(packed_.data(), data_ + places_.offset(row), block, sizeof(T));
    first_ = row;
    last_ = row + rows;
  }

  const T* data_;
  Axes places_;
  std::int64_t size_, stride_;
  std::int64_t first_ = 0, last_ = 0;  // of the packed rows
  std::vector<T> packed_;
};

/// Calls `body(begin, end)` for parts of `rows` rows, in parallel, where each row is worth `work`
/// elements. Parts do not depend on the number of threads.
template <class Body>
void for_rows(std::int64_t rows, std::int64_t work, const Body& body) {
  constexpr std::int64_t kWork = 1 << 15;  // elements worth a turn of a thread
  if (rows > 0)
    parallel_for(rows, std::max<std::int64_t>(1, kWork / std::max<std::int64_t>(1, work)), body);
}

}  // namespace needle
