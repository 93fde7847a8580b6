#include "common/layout.h"

#include <algorithm>

#include "common/errors.h"

namespace needle {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 62;

[[noreturn]] void fail(const std::string& message) {
  throw std::invalid_argument(message);
}

bool is_empty(const Dims& shape) {
  return std::find(shape.begin(), shape.end(), 0) != shape.end();
}

/// The size of `axis` of `shape` once it is padded with leading 1s to `ndim` axes.
std::int64_t padded(const Dims& shape, int axis, int ndim) {
  const int own = axis - (ndim - shape.size());
  return own < 0 ? 1 : shape[own];
}

[[noreturn]] void fail_broadcast(const Dims& a, const Dims& b, int axis, int ndim) {
  fail("shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast: axis " +
       std::to_string(axis) + " is " + std::to_string(padded(a, axis, ndim)) + " and " +
       std::to_string(padded(b, axis, ndim)));
}

/// Whether axis `outer`, just left of `inner`, continues it: one stride serves both.
bool continues(const Dims& shape, const Dims& strides, int outer, int inner) {
  std::int64_t extent;
  return !__builtin_mul_overflow(strides[inner], shape[inner], &extent) && strides[outer] == extent;
}

/// The distance of a step, in either direction.
std::uint64_t magnitude(std::int64_t stride) {
  const auto bits = static_cast<std::uint64_t>(stride);
  return stride < 0 ? 0 - bits : bits;
}

void swap_axes(Dims& shape, Dims* strides, int operands, int a, int b) {
  std::swap(shape[a], shape[b]);
  for (int i = 0; i < operands; ++i) std::swap(strides[i][a], strides[i][b]);
}

void copy_axis(Dims& shape, Dims* strides, int operands, int from, int to) {
  shape[to] = shape[from];
  for (int i = 0; i < operands; ++i) strides[i][to] = strides[i][from];
}

void set_ndim(Dims& shape, Dims* strides, int operands, int ndim) {
  shape.resize(ndim);
  for (int i = 0; i < operands; ++i) strides[i].resize(ndim);
}

void drop_ones(Dims& shape, Dims* strides, int operands) {
  int kept = 0;
  for (int axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] != 1) copy_axis(shape, strides, operands, axis, kept++);
  }
  set_ndim(shape, strides, operands, kept);
}

/// Insertion sort: stable, and there are few axes, mostly in order already.
void sort_axes(Dims& shape, Dims* strides, int operands) {
  for (int axis = 1; axis < shape.size(); ++axis) {
    for (int at = axis; at > 0; --at) {
      if (magnitude(strides[0][at - 1]) >= magnitude(strides[0][at])) break;
      swap_axes(shape, strides, operands, at - 1, at);
    }
  }
}

void merge_neighbours(Dims& shape, Dims* strides, int operands) {
  int last = 0;
  for (int axis = 1; axis < shape.size(); ++axis) {
    bool one = true;
    for (int i = 0; i < operands; ++i) one = one && continues(shape, strides[i], last, axis);
    const std::int64_t outer = shape[last];
    if (!one) ++last;
    copy_axis(shape, strides, operands, axis, last);
    if (one) shape[last] *= outer;
  }
  if (shape.size() > 0) set_ndim(shape, strides, operands, last + 1);
}

}  // namespace

void fail_too_many_axes(std::int64_t ndim) {
  fail("an array has at most " + std::to_string(kMaxDims) + " axes, not " + std::to_string(ndim));
}

std::string to_string(const Dims& dims) {
  std::string text = "(";
  for (int axis = 0; axis < dims.size(); ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string(dims[axis]);
  }
  return text + (dims.size() == 1 ? ",)" : ")");
}

std::int64_t count(const Dims& shape) {
  std::int64_t product = 1;
  bool empty = false, too_many = false;
  for (int axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] < 0) {
      fail("shape " + to_string(shape) + " has a negative size: axis " + std::to_string(axis) +
           " is " + std::to_string(shape[axis]));
    }
    if (shape[axis] == 0) {
      empty = true;
    } else {
      too_many |= __builtin_mul_overflow(product, shape[axis], &product) || product > kMostElements;
    }
  }
  if (too_many) fail("shape " + to_string(shape) + " has more than 2^62 elements");
  return empty ? 0 : product;
}

Dims compact_strides(const Dims& shape) {
  Dims strides(shape.size());
  std::int64_t step = 1;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    strides[axis] = step;
    if (__builtin_mul_overflow(step, std::max<std::int64_t>(shape[axis], 1), &step)) {
      fail("shape " + to_string(shape) + " has more than 2^62 elements");
    }
  }
  return strides;
}

bool is_compact(const Dims& shape, const Dims& strides) {
  std::int64_t step = 1;
  bool compact = true;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    if (shape[axis] == 0) return true;
    if (shape[axis] == 1) continue;
    if (strides[axis] != step) compact = false;
    if (__builtin_mul_overflow(step, shape[axis], &step)) compact = false;
  }
  return compact;
}

Reach reach(const Dims& shape, const Dims& strides) {
  if (is_empty(shape)) return {0, -1};
  Reach reached;
  for (int axis = 0; axis < shape.size(); ++axis) {
    std::int64_t step;
    std::int64_t& end = strides[axis] < 0 ? reached.low : reached.high;
    if (__builtin_mul_overflow(shape[axis] - 1, strides[axis], &step) ||
        __builtin_add_overflow(end, step, &end)) {
      fail("a view of shape " + to_string(shape) + " and strides " + to_string(strides) +
           " spans more than 2^63 elements");
    }
  }
  return reached;
}

void check_view(const Dims& shape, const Dims& strides, std::int64_t offset,
                std::int64_t capacity) {
  if (shape.size() != strides.size()) {
    fail("shape " + to_string(shape) + " and strides " + to_string(strides) +
         " differ in their number of axes");
  }
  if (count(shape) == 0) return;
  const Reach reached = reach(shape, strides);
  std::int64_t first, last;
  if (__builtin_add_overflow(offset, reached.low, &first) ||
      __builtin_add_overflow(offset, reached.high, &last) || first < 0 || last >= capacity) {
    fail("a view of shape " + to_string(shape) + ", strides " + to_string(strides) +
         " and offset " + std::to_string(offset) + " leaves its buffer of " +
         std::to_string(capacity) + " elements");
  }
}

Dims broadcast(const Dims& a, const Dims& b) {
  const int ndim = std::max(a.size(), b.size());
  Dims result(ndim);
  for (int axis = 0; axis < ndim; ++axis) {
    const std::int64_t left = padded(a, axis, ndim), right = padded(b, axis, ndim);
    if (left != right && left != 1 && right != 1) fail_broadcast(a, b, axis, ndim);
    result[axis] = left == 1 ? right : left;
  }
  return result;
}

Dims broadcast_strides(const Dims& shape, const Dims& strides, const Dims& target) {
  const int added = target.size() - shape.size();
  if (added < 0) {
    fail("shape " + to_string(shape) + " does not broadcast to " + to_string(target) +
         ": it has more axes");
  }
  Dims result(target.size(), 0);
  for (int axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == target[added + axis]) {
      result[added + axis] = strides[axis];
    } else if (shape[axis] != 1) {
      fail("shape " + to_string(shape) + " does not broadcast to " + to_string(target) + ": axis " +
           std::to_string(added + axis) + " is " + std::to_string(shape[axis]) + " and " +
           std::to_string(target[added + axis]));
    }
  }
  return result;
}

void simplify(Dims& shape, Dims* strides, int operands) {
  if (is_empty(shape)) {
    set_ndim(shape, strides, operands, 1);
    shape[0] = 0;
    for (int i = 0; i < operands; ++i) strides[i][0] = 0;
    return;
  }
  drop_ones(shape, strides, operands);
  sort_axes(shape, strides, operands);
  merge_neighbours(shape, strides, operands);
}

}  // namespace needle
