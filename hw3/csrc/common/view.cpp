#include "common/view.h"

#include <string>

#include "common/errors.h"

namespace needle {

View View::empty(DType dtype, const Dims& shape) {
  const auto elements = static_cast<std::size_t>(count(shape));
  View view;
  view.dtype = dtype;
  view.shape = shape;
  view.strides = compact_strides(shape);
  std::size_t bytes;
  const bool countable = !__builtin_mul_overflow(elements, item_size(dtype), &bytes);
  const auto fail = [&](const std::string& size) {
    throw OutOfMemory("no memory for an array of shape " + to_string(shape) + " and dtype " +
                      name_of(dtype) + ": " + size);
  };
  if (!countable) fail("2^64 or more bytes");
  try {
    view.buffer = BufferRef(Buffer::allocate(bytes));
  } catch (const OutOfMemory& error) {
    fail(error.what());
  }
  return view;
}

namespace {

/// Whether the elements fill a stretch of memory, each once, in the order of some axes.
bool is_dense(const View& view) {
  Dims shape = view.shape, strides = view.strides;
  simplify(shape, &strides, 1);
  return shape.size() == 0 || (shape.size() == 1 && strides[0] == 1);
}

}  // namespace

View View::for_result(DType dtype, const Dims& shape, std::initializer_list<const View*> operands) {
  View result = empty(dtype, shape);
  for (const View* operand : operands) {
    if (!(operand->shape == shape)) continue;
    if (!operand->compact() && is_dense(*operand)) result.strides = operand->strides;
    break;
  }
  return result;
}

View View::restride(const Dims& new_shape, const Dims& new_strides, std::int64_t new_offset) const {
  check_view(new_shape, new_strides, new_offset,
             static_cast<std::int64_t>(buffer->bytes() / item_size(dtype)));
  View view;
  view.buffer = buffer;
  view.dtype = dtype;
  view.writable = writable;
  view.shape = new_shape;
  view.strides = new_strides;
  // Nothing is read through an empty view, but pointers are computed from its offset.
  view.offset = count(new_shape) == 0 ? 0 : new_offset;
  return view;
}

Extent extent(const View& view) {
  const Reach reached = reach(view.shape, view.strides);
  if (reached.high < reached.low) return {};
  const auto item = static_cast<std::int64_t>(item_size(view.dtype));
  return {view.bytes() + reached.low * item, view.bytes() + (reached.high + 1) * item};
}

bool may_overlap(const View& a, const View& b) {
  // Borrowed buffers may lie over each other, so addresses decide, not buffers.
  const Extent extent_a = extent(a), extent_b = extent(b);
  return extent_a.first < extent_b.end && extent_b.first < extent_a.end;
}

}  // namespace needle
