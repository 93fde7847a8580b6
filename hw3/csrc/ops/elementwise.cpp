#include "ops/elementwise.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "common/errors.h"
#include "ops/elementwise_kernels.h"
#include "ops/movement.h"

namespace needle {

namespace {

const char* name_of(Unary op) {
  return kUnaryNames[static_cast<int>(op)];
}
const char* name_of(Binary op) {
  return kBinaryNames[static_cast<int>(op)];
}

/// The dtype of the result. Throws TypeError if the operation has not that of the operands.
template <class Op>
DType result_of(Op op, DType dtype) {
  const std::optional<DType> result = device::result_dtype(op, dtype);
  if (!result)
    throw TypeError(std::string(name_of(op)) + " is not defined for dtype " + name_of(dtype));
  return *result;
}

void check_one_dtype(const char* name, const View& a, const View& b) {
  if (a.dtype == b.dtype) return;
  throw TypeError(std::string(name) + " takes arrays of one dtype, not " + name_of(a.dtype) +
                  " and " + name_of(b.dtype));
}

/// `in`, or a copy of it if writing into `out` would change elements before they are read. Place by
/// place the same elements are no danger.
View safe_from(const View& out, const View& in) {
  if (!may_overlap(out, in)) return in;
  const bool same = in.bytes() == out.bytes() && item_size(in.dtype) == item_size(out.dtype) &&
                    in.shape == out.shape && in.strides == out.strides;
  return same ? in : copy(in);
}

bool is_two(const Number& value) {
  const float two = 2;
  const double wide_two = 2;
  if (value.dtype == DType::float32) return std::memcmp(value.bytes, &two, sizeof(two)) == 0;
  return value.dtype == DType::float64 &&
         std::memcmp(value.bytes, &wide_two, sizeof(wide_two)) == 0;
}

}  // namespace

View unary(Unary op, const View& a) {
  View out = View::for_result(result_of(op, a.dtype), a.shape, {&a});
  device::evaluate(op, a.dtype, out, Input(a, out.shape));
  return out;
}

View binary(Binary op, const View& a, const View& b) {
  check_one_dtype(name_of(op), a, b);
  const DType result = result_of(op, a.dtype);
  const Dims shape = a.shape == b.shape ? a.shape : broadcast(a.shape, b.shape);
  View out = View::for_result(result, shape, {&a, &b});
  device::evaluate(op, a.dtype, out, {Input(a, out.shape), Input(b, out.shape)});
  return out;
}

View binary_scalar(Binary op, const View& a, const Number& value, bool reflected) {
  const DType result = result_of(op, a.dtype);
  // The square is the correctly rounded power, and takes a fraction of the time.
  if (op == Binary::pow && !reflected && is_two(value)) return unary(Unary::square, a);
  View out = View::for_result(result, a.shape, {&a});
  const Input array(a, out.shape), number(value, out.shape);
  if (reflected)
    device::evaluate(op, a.dtype, out, {number, array});
  else
    device::evaluate(op, a.dtype, out, {array, number});
  return out;
}

void binary_into(Binary op, const View& out, const View& a, const View& b) {
  check_one_dtype(name_of(op), a, b);
  const DType result = result_of(op, a.dtype);
  if (out.dtype != result) {
    throw TypeError(std::string(name_of(op)) + " gives " + name_of(result) +
                    ", which cannot be written into an array of " + name_of(out.dtype));
  }
  check_writable(out);
  if (!(a.shape == out.shape)) {
    const Dims shape = broadcast(a.shape, b.shape);
    if (!(shape == out.shape)) {
      throw std::invalid_argument(std::string(name_of(op)) + " of shapes " + to_string(a.shape) +
                                  " and " + to_string(b.shape) + " gives shape " +
                                  to_string(shape) + ", not " + to_string(out.shape));
    }
  }
  const View left = safe_from(out, a), right = safe_from(out, b);
  device::evaluate(op, a.dtype, out, {Input(left, out.shape), Input(right, out.shape)});
}

View where(const View& condition, const View& a, const View& b) {
  if (condition.dtype != DType::boolean) {
    throw TypeError(std::string("where is not defined for dtype ") + name_of(condition.dtype));
  }
  check_one_dtype("where", a, b);
  const Dims shape = broadcast(condition.shape, broadcast(a.shape, b.shape));
  View out = View::for_result(a.dtype, shape, {&condition, &a, &b});
  device::choose(out, {Input(condition, out.shape), Input(a, out.shape), Input(b, out.shape)});
  return out;
}

}  // namespace needle
