#include "cpu/elementwise.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "common/errors.h"
#include "cpu/declare_table.h"
#include "cpu/isa.h"
#include "cpu/movement.h"
#include "cpu/tiles.h"

namespace needle {

NEEDLE_DECLARE_TABLE(ElementwiseTable, elementwise_table)

const ElementwiseTable& elementwise_table() {
  return NEEDLE_CHOOSE(elementwise_table);
}

namespace {

const char* name_of(Unary op) {
  return kUnaryNames[static_cast<int>(op)];
}
const char* name_of(Binary op) {
  return kBinaryNames[static_cast<int>(op)];
}

/// The loop of `kernel`, if the operation has the dtype.
const Kernel& existing(const Kernel& kernel, const char* name, DType dtype) {
  if (kernel.loop == nullptr) {
    throw TypeError(std::string(name) + " is not defined for dtype " + name_of(dtype));
  }
  return kernel;
}

const Kernel& kernel_of(Unary op, DType dtype) {
  const int row = static_cast<int>(op), column = static_cast<int>(dtype);
  return existing(elementwise_table().unary[row][column], name_of(op), dtype);
}
const Kernel& kernel_of(Binary op, DType dtype) {
  const int row = static_cast<int>(op), column = static_cast<int>(dtype);
  return existing(elementwise_table().binary[row][column], name_of(op), dtype);
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
  const Kernel& kernel = kernel_of(op, a.dtype);
  View out = View::for_result(kernel.result, a.shape, {&a});
  const Input input(a, out.shape);
  evaluate(kernel.loop, out, &input, 1);
  return out;
}

View binary(Binary op, const View& a, const View& b) {
  check_one_dtype(name_of(op), a, b);
  const Kernel& kernel = kernel_of(op, a.dtype);
  const Dims shape = a.shape == b.shape ? a.shape : broadcast(a.shape, b.shape);
  View out = View::for_result(kernel.result, shape, {&a, &b});
  const Input inputs[] = {Input(a, out.shape), Input(b, out.shape)};
  evaluate(kernel.loop, out, inputs, 2);
  return out;
}

View binary_scalar(Binary op, const View& a, const Number& value, bool reflected) {
  const Kernel& kernel = kernel_of(op, a.dtype);
  // The square is the correctly rounded power, and takes a fraction of the time.
  if (op == Binary::pow && !reflected && is_two(value)) return unary(Unary::square, a);
  View out = View::for_result(kernel.result, a.shape, {&a});
  const Input array(a, out.shape), number(value.bytes, value.dtype, out.shape);
  const Input inputs[] = {reflected ? number : array, reflected ? array : number};
  evaluate(kernel.loop, out, inputs, 2);
  return out;
}

void binary_into(Binary op, const View& out, const View& a, const View& b) {
  check_one_dtype(name_of(op), a, b);
  const Kernel& kernel = kernel_of(op, a.dtype);
  if (out.dtype != kernel.result) {
    throw TypeError(std::string(name_of(op)) + " gives " + name_of(kernel.result) +
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
  const Input inputs[] = {Input(left, out.shape), Input(right, out.shape)};
  evaluate(kernel.loop, out, inputs, 2);
}

View where(const View& condition, const View& a, const View& b) {
  if (condition.dtype != DType::boolean) {
    throw TypeError(std::string("where is not defined for dtype ") + name_of(condition.dtype));
  }
  check_one_dtype("where", a, b);
  const Dims shape = broadcast(condition.shape, broadcast(a.shape, b.shape));
  View out = View::for_result(a.dtype, shape, {&condition, &a, &b});
  const Input inputs[] = {Input(condition, out.shape), Input(a, out.shape), Input(b, out.shape)};
  evaluate(elementwise_table().where[static_cast<int>(a.dtype)], out, inputs, 3);
  return out;
}

}  // namespace needle
