#include "ops/reduce.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "ops/elementwise_kernels.h"
#include "ops/movement.h"
#include "ops/reduce_kernels.h"

namespace needle {
namespace {

/// For each axis, whether it is reduced.
std::uint64_t mask_of(const Dims& axes, int ndim) {
  std::uint64_t mask = 0;
  for (const std::int64_t axis : axes) {
    check_axis(axis, ndim);
    if (mask >> axis & 1) {
      throw std::invalid_argument("axes " + to_string(axes) + " repeat axis " +
                                  std::to_string(axis));
    }
    mask |= std::uint64_t{1} << axis;
  }
  return mask;
}

Dims reduced_shape(const Dims& shape, const Dims& axes) {
  Dims reduced = shape;
  for (const std::int64_t axis : axes) reduced[axis] = 1;
  return reduced;
}

bool is_extreme(Reduction op) {
  return op == Reduction::max || op == Reduction::min;
}

/// Throws std::invalid_argument if there is no element along `axes`.
void check_some(const View& a, const Dims& axes) {
  const auto is_empty = [&a](std::int64_t axis) { return a.shape[axis] == 0; };
  if (std::any_of(axes.begin(), axes.end(), is_empty)) {
    throw std::invalid_argument("max and min need at least one element: shape " +
                                to_string(a.shape) + ", axes " + to_string(axes));
  }
}

/// The reduction of no elements: 1 for products and `all`, otherwise 0.
View reduce_nothing(Reduction op, const View& a, const Dims& shape) {
  const bool is_one = op == Reduction::prod || op == Reduction::all;
  const View result = View::empty(result_dtype(op, a.dtype), shape);
  const Number value = {DType::boolean, {static_cast<char>(is_one)}};
  device::convert(result, value.dtype, Input(value, result.shape));
  return result;
}

View without_axes(const View& a, std::uint64_t mask) {
  Dims shape, strides;
  for (int axis = 0; axis < a.ndim(); ++axis) {
    if (mask >> axis & 1) continue;
    shape.push_back(a.shape[axis]);
    strides.push_back(a.strides[axis]);
  }
  return a.restride(shape, strides, a.offset);
}

View argument(Reduction op, const View& a, std::int64_t axis) {
  check_axis(axis, a.ndim());
  const Dims axes(1, axis);
  check_some(a, axes);
  const View result = View::empty(DType::int64, reduced_shape(a.shape, axes));
  if (result.size() > 0) device::argument(op, a, static_cast<int>(axis), result);
  return without_axes(result, std::uint64_t{1} << axis);
}

View accumulate(Reduction op, const View& a, std::int64_t axis) {
  check_axis(axis, a.ndim());
  const View result = View::empty(result_dtype(op, a.dtype), a.shape);
  if (a.size() > 0) device::accumulate(op, a, static_cast<int>(axis), result);
  return result;
}

}  // namespace

DType result_dtype(Reduction op, DType dtype) {
  switch (op) {
    case Reduction::sum:
    case Reduction::prod:
      return is_floating(dtype) ? dtype : DType::int64;
    case Reduction::any:
    case Reduction::all:
      return DType::boolean;
    default:
      return dtype;
  }
}

void check_axis(std::int64_t axis, int ndim) {
  if (axis < 0 || axis >= ndim) {
    throw std::out_of_range("axis " + std::to_string(axis) + " is out of range for " +
                            std::to_string(ndim) + " axes");
  }
}

View reduce(Reduction op, const View& a, const Dims& axes, bool keepdims) {
  const std::uint64_t mask = mask_of(axes, a.ndim());
  const Dims shape = reduced_shape(a.shape, axes);
  if (is_extreme(op)) check_some(a, axes);
  View result = a.size() == 0 ? reduce_nothing(op, a, shape) : device::reduce(op, a, mask, shape);
  if (!keepdims) result = without_axes(result, mask);
  return result.compact() ? result : copy(result);
}

View argmax(const View& a, std::int64_t axis) {
  return argument(Reduction::max, a, axis);
}
View argmin(const View& a, std::int64_t axis) {
  return argument(Reduction::min, a, axis);
}
View cumulative_sum(const View& a, std::int64_t axis) {
  return accumulate(Reduction::sum, a, axis);
}
View cumulative_prod(const View& a, std::int64_t axis) {
  return accumulate(Reduction::prod, a, axis);
}

}  // namespace needle
