#include "ops/movement.h"

#include <stdexcept>

#include "ops/elementwise_kernels.h"

namespace needle {
namespace {

/// `out`, once the values of `a` are in it.
View with_values(View out, const View& a) {
  device::convert(out, a.dtype, Input(a, out.shape));
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
  device::convert(dst, src.dtype, Input(source, dst.shape));
}

void fill(const View& dst, const Number& value) {
  check_writable(dst);
  device::convert(dst, value.dtype, Input(value, dst.shape));
}

}  // namespace needle
