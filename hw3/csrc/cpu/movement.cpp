#include "cpu/movement.h"

#include <stdexcept>

#include "cpu/tiles.h"

namespace needle {
namespace {

/// The loop that converts, or none where elements are only moved.
Loop conversion(DType from, DType to) {
  if (from == to) return nullptr;
  return elementwise_table().cast[static_cast<int>(from)][static_cast<int>(to)];
}

/// `out`, once the values of `a` are in it.
View with_values(View out, const View& a) {
  const Input input(a, out.shape);
  evaluate(conversion(a.dtype, out.dtype), out, &input, 1);
  return out;
}

}  // namespace

void check_writable(const View& view) {
  if (!view.writable) {
    throw std::invalid_argument("the array is read-only: it repeats or borrows memory");
  }
}

View copy(const View& a) {
  return with_values(View::empty(a.dtype, a.shape), a);
}

View cast(const View& a, DType dtype) {
  return with_values(View::for_result(dtype, a.shape, {&a}), a);
}

void assign(const View& dst, const View& src) {
  check_writable(dst);
  const View source = may_overlap(dst, src) ? copy(src) : src;
  const Input input(source, dst.shape);
  evaluate(conversion(src.dtype, dst.dtype), dst, &input, 1);
}

void fill(const View& dst, const Number& value) {
  check_writable(dst);
  const Input input(value.bytes, value.dtype, dst.shape);
  evaluate(nullptr, dst, &input, 1);
}

}  // namespace needle
