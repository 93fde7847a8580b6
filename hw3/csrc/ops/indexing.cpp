#include "ops/indexing.h"

#include <stdexcept>
#include <string>

#include "common/errors.h"
#include "ops/indexing_kernels.h"
#include "ops/movement.h"
#include "ops/reduce.h"

namespace needle {
namespace {

void check_indices(const View& indices) {
  if (indices.dtype != DType::int64) {
    throw TypeError(std::string("indices are int64, not ") + name_of(indices.dtype));
  }
}

/// Checks index arrays for the first axes of `a`.
void check_indices(const View& a, const std::vector<View>& indices) {
  if (indices.empty() || static_cast<int>(indices.size()) > a.ndim()) {
    throw std::out_of_range("an array of " + std::to_string(a.ndim()) +
                            " axes takes from 1 to as many index arrays, not " +
                            std::to_string(indices.size()));
  }
  for (const View& other : indices) {
    if (!(other.shape == indices[0].shape)) {
      throw std::invalid_argument("index arrays have one shape, not " +
                                  to_string(indices[0].shape) + " and " + to_string(other.shape));
    }
  }
  for (const View& other : indices) check_indices(other);
}

/// The shape of a's blocks at the places of `indices`.
Dims gathered_shape(const View& a, const std::vector<View>& indices) {
  Dims shape = indices[0].shape;
  for (int axis = static_cast<int>(indices.size()); axis < a.ndim(); ++axis) {
    shape.push_back(a.shape[axis]);
  }
  return shape;
}

/// A new array of `shape`, the blocks of `a` at the places that are chosen.
View gathered(const View& a, int outer, int rest, const View& offsets, const Dims& shape) {
  const View result = View::empty(a.dtype, shape);
  if (result.size() > 0) device::gather_blocks(result, a, outer, rest, offsets);
  return result;
}

void check_target(const View& a, const View& values) {
  if (!a.writable) throw std::invalid_argument("the array is read-only");
  if (a.dtype != values.dtype) {
    throw TypeError(std::string("values of dtype ") + name_of(values.dtype) +
                    " do not go into an array of dtype " + name_of(a.dtype));
  }
}

void scatter_blocks(const View& a, const std::vector<View>& indices, View values, bool add) {
  check_target(a, values);
  check_indices(a, indices);
  const View offsets = device::offsets_of(a, 0, indices);
  const Dims shape = gathered_shape(a, indices);
  if (may_overlap(a, values)) values = copy(values);
  values =
      values.restride(shape, broadcast_strides(values.shape, values.strides, shape), values.offset);
  if (values.size() == 0) return;
  device::scatter_blocks(a, static_cast<int>(indices.size()), offsets, values, indices[0].ndim(),
                         add);
}

}  // namespace

void fail_index(std::int64_t index, std::int64_t axis, std::int64_t size) {
  throw std::out_of_range("index " + std::to_string(index) + " is out of range for axis " +
                          std::to_string(axis) + " of size " + std::to_string(size));
}

View take(const View& a, const View& indices, std::int64_t axis) {
  check_axis(axis, a.ndim());
  if (indices.ndim() != 1) {
    throw std::invalid_argument("indices have one axis, not " + std::to_string(indices.ndim()));
  }
  check_indices(indices);
  const int at = static_cast<int>(axis);
  const View offsets = device::offsets_of(a, at, {indices});
  Dims shape = a.shape;
  shape[at] = indices.shape[0];
  return gathered(a, at, at + 1, offsets, shape);
}

View gather(const View& a, const std::vector<View>& indices) {
  check_indices(a, indices);
  const View offsets = device::offsets_of(a, 0, indices);
  return gathered(a, 0, static_cast<int>(indices.size()), offsets, gathered_shape(a, indices));
}

void scatter(const View& a, const std::vector<View>& indices, const View& values) {
  scatter_blocks(a, indices, values, false);
}

void scatter_add(const View& a, const std::vector<View>& indices, const View& values) {
  if (a.dtype == DType::boolean) throw TypeError("scatter_add is not defined for bool");
  scatter_blocks(a, indices, values, true);
}

View take_along_axis(const View& a, const View& indices, std::int64_t axis) {
  check_axis(axis, a.ndim());
  check_indices(indices);
  if (indices.ndim() != a.ndim()) {
    throw std::invalid_argument("indices have as many axes as the array, " +
                                std::to_string(a.ndim()) + ", not " +
                                std::to_string(indices.ndim()));
  }
  const int at = static_cast<int>(axis);
  View from = a, index = indices;
  from.shape[at] = 1;  // the axis takes the size of the indices
  const Dims shape = broadcast(from.shape, indices.shape);
  from.strides = broadcast_strides(from.shape, from.strides, shape);
  from.strides[at] = a.shape[at] > 1 ? a.strides[at] : 0;
  from.shape = index.shape = shape;
  index.strides = broadcast_strides(indices.shape, indices.strides, shape);
  const View result = View::empty(a.dtype, shape);
  if (result.size() > 0) device::take_along_axis(result, from, index, at, a.shape[at]);
  return result;
}

std::vector<View> nonzero(const View& a) {
  if (a.ndim() == 0) throw std::invalid_argument("an array without axes has no indices");
  if (a.size() == 0) return std::vector<View>(a.ndim(), View::empty(DType::int64, Dims(1, 0)));
  return device::nonzero(a);
}

}  // namespace needle
