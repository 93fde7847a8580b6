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

bool may_overlap(const View& a, const View& b) {
  const Reach reach_a = reach(a.shape, a.strides), reach_b = reach(b.shape, b.strides);
  if (reach_a.high < reach_a.low || reach_b.high < reach_b.low) return false;
  const auto item_a = static_cast<std::int64_t>(item_size(a.dtype));
  const auto item_b = static_cast<std::int64_t>(item_size(b.dtype));
  // Borrowed buffers may lie over each other, so addresses decide, not buffers.
  const char* first_a = a.bytes() + reach_a.low * item_a;
  const char* first_b = b.bytes() + reach_b.low * item_b;
  const char* end_a = a.bytes() + (reach_a.high + 1) * item_a;
  const char* end_b = b.bytes() + (reach_b.high + 1) * item_b;
  return first_a < end_b && first_b < end_a;
}

}  // namespace needle
