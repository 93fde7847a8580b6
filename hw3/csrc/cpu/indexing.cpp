// Arrays of indices become offsets into `a`, once and checked; then blocks, what is left of `a`
// when the indexed axes are chosen, are moved between there and an array of all blocks in a row.

#include "ops/indexing.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <type_traits>

#include "common/errors.h"
#include "common/visit.h"
#include "cpu/axes.h"
#include "cpu/lines.h"
#include "ops/movement.h"
#include "ops/reduce.h"

namespace needle {
namespace {

/// The index that is meant, from the start.
std::int64_t wrapped(std::int64_t index, std::int64_t axis, std::int64_t size) {
  if (index < -size || index >= size) {
    throw std::out_of_range("index " + std::to_string(index) + " is out of range for axis " +
                            std::to_string(axis) + " of size " + std::to_string(size));
  }
  return index < 0 ? index + size : index;
}

void check_indices(const View& indices) {
  if (indices.dtype != DType::int64) {
    throw TypeError(std::string("indices are int64, not ") + name_of(indices.dtype));
  }
}

/// Adds to each offset what the index array moves along `axis` of `a`.
void add_offsets(const View& a, int axis, const View& indices, std::vector<std::int64_t>& offsets) {
  check_indices(indices);
  const View row_major = indices.compact() ? indices : copy(indices);
  const std::int64_t* index = row_major.data<std::int64_t>();
  const std::int64_t size = a.shape[axis], stride = size > 1 ? a.strides[axis] : 0;
  for (std::size_t s = 0; s < offsets.size(); ++s) {
    offsets[s] += wrapped(index[s], axis, size) * stride;
  }
}

/// The offsets in `a` that index arrays for its first axes choose.
std::vector<std::int64_t> offsets_of(const View& a, const std::vector<View>& indices) {
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
  std::vector<std::int64_t> offsets(indices[0].size());
  for (std::size_t axis = 0; axis < indices.size(); ++axis) {
    add_offsets(a, static_cast<int>(axis), indices[axis], offsets);
  }
  return offsets;
}

/// Calls `move(to, from, count, to_stride, from_stride)` for the inner lines of a block. Operand 0
/// of the loops is where it goes.
template <class T, class Move>
void for_each_line(T* to, const T* from, const Loops<2>& loops, const Move& move, int axis = 0) {
  const Dims &to_strides = loops.strides[0], &from_strides = loops.strides[1];
  if (loops.shape.size() == 0) {
    move(to, from, 1, 1, 1);
    return;
  }
  const std::int64_t size = loops.shape[axis];
  if (axis == loops.shape.size() - 1) {
    move(to, from, size, to_strides[axis], from_strides[axis]);
    return;
  }
  for (std::int64_t i = 0; i < size; ++i) {
    for_each_line(to + i * to_strides[axis], from + i * from_strides[axis], loops, move, axis + 1);
  }
}

struct Copy {
  template <class T>
  void operator()(T* to, const T* from, std::int64_t count, std::int64_t to_stride,
                  std::int64_t from_stride) const {
    if (to_stride == 1 && from_stride == 1 && count > 8) {
      std::memcpy(to, from, count * sizeof(T));
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) to[i * to_stride] = from[i * from_stride];
  }
};

/// Whole numbers are added as unsigned ones, which wrap around.
template <class T>
T sum_of(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
  } else {
    return a + b;
  }
}

struct Add {
  template <class T>
  void operator()(T* to, const T* from, std::int64_t count, std::int64_t to_stride,
                  std::int64_t from_stride) const {
    if (to_stride == 1 && from_stride == 1) {
      for (std::int64_t i = 0; i < count; ++i) to[i] = sum_of(to[i], from[i]);
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      to[i * to_stride] = sum_of(to[i * to_stride], from[i * from_stride]);
    }
  }
};

Dims part(const Dims& dims, int first, int last) {
  Dims result;
  for (int axis = first; axis < last; ++axis) result.push_back(dims[axis]);
  return result;
}

/// The axes `first` and later of the two views, for moving a block.
Loops<2> block_of(const View& to, int to_first, const View& from, int from_first) {
  Loops<2> loops;
  loops.shape = part(from.shape, from_first, from.ndim());
  loops.strides[0] = part(to.strides, to_first, to.ndim());
  loops.strides[1] = part(from.strides, from_first, from.ndim());
  simplify(loops);
  return loops;
}

/// result[o..., s..., r...] = a[o..., the offset s, r...]: `outer` axes stay before the indexed
/// ones, those from `rest` on stay behind them.
View gather_blocks(const View& a, int outer, int rest, const std::vector<std::int64_t>& offsets,
                   const Dims& shape) {
  const View result = View::empty(a.dtype, shape);
  if (result.size() == 0) return result;
  const Axes before(a.shape, a.strides, 0, outer);
  const Loops<2> block = block_of(result, shape.size() - (a.ndim() - rest), a, rest);
  const auto chosen = static_cast<std::int64_t>(offsets.size());
  const std::int64_t blocks = before.size() * chosen, size = result.size() / blocks;
  constexpr std::int64_t kWork = 1 << 16;  // elements worth a turn of a thread
  visit_width(a.dtype, [&]<class T>(T) {
    const auto move_blocks = [&](std::int64_t begin, std::int64_t end) {
      T* to = result.data<T>() + begin * size;
      while (begin < end) {  // those at one place of the outer axes
        const T* from = a.data<T>() + before.offset(begin / chosen);
        const std::int64_t first = begin % chosen;
        const std::int64_t last = std::min(chosen, first + end - begin);
        for (std::int64_t s = first; s < last; ++s, to += size) {
          for_each_line(to, from + offsets[s], block, Copy());
        }
        begin += last - first;
      }
    };
    parallel_for(blocks, std::max<std::int64_t>(1, kWork / size), move_blocks);
  });
  return result;
}

/// The shape of a's blocks at the places of `indices`.
Dims gathered_shape(const View& a, const std::vector<View>& indices) {
  Dims shape = indices[0].shape;
  for (int axis = static_cast<int>(indices.size()); axis < a.ndim(); ++axis) {
    shape.push_back(a.shape[axis]);
  }
  return shape;
}

void check_target(const View& a, const View& values) {
  if (!a.writable) throw std::invalid_argument("the array is read-only");
  if (a.dtype != values.dtype) {
    throw TypeError(std::string("values of dtype ") + name_of(values.dtype) +
                    " do not go into an array of dtype " + name_of(a.dtype));
  }
}

/// Moves the blocks of `values`, one after the other, to the places that `indices` choose.
template <class Visit, class Move>
void scatter_blocks(const View& a, const std::vector<View>& indices, View values,
                    const Visit& visit_type, const Move& move) {
  check_target(a, values);
  const std::vector<std::int64_t> offsets = offsets_of(a, indices);
  const Dims shape = gathered_shape(a, indices);
  if (may_overlap(a, values)) values = copy(values);
  values =
      values.restride(shape, broadcast_strides(values.shape, values.strides, shape), values.offset);
  if (values.size() == 0) return;
  const int indexed = indices[0].ndim();
  const Axes places(values.shape, values.strides, 0, indexed);
  const Loops<2> block = block_of(a, static_cast<int>(indices.size()), values, indexed);
  visit_type(a.dtype, [&]<class T>(T) {
    for (std::size_t s = 0; s < offsets.size(); ++s) {
      for_each_line(a.data<T>() + offsets[s],
                    values.data<T>() + places.offset(static_cast<std::int64_t>(s)), block, move);
    }
  });
}

/// result = the elements of `from`, whose axis `axis` has `size` elements, at the indices there.
template <class T>
void take_lines(const View& from, std::int64_t size, const View& index, int axis,
                const View& result) {
  const Lines<3> lines({&result, &index, &from}, axis);
  const std::int64_t length = result.shape[axis];
  constexpr std::int64_t kGroup = 512;
  lines.for_each_group(kGroup, length, [&](const std::int64_t* offsets, std::int64_t count) {
    T* out = result.data<T>() + offsets[0];
    const std::int64_t* chosen = index.data<std::int64_t>() + offsets[1];
    const T* in = from.data<T>() + offsets[2];
    for (std::int64_t j = 0; j < length; ++j) {
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t place = chosen[j * lines.strides[1] + i * lines.step(1)];
        out[j * lines.strides[0] + i * lines.step(0)] =
            in[wrapped(place, axis, size) * lines.strides[2] + i * lines.step(2)];
      }
    }
  });
}

/// Calls `found(place)` for each place, from `begin` to `end` in row-major order, whose element is
/// not 0.
template <class T, class Found>
void for_each_nonzero(const T* data, const Axes& axes, std::int64_t begin, std::int64_t end,
                      const Found& found) {
  while (begin < end) {
    const T* row = data + axes.offset(begin);
    const std::int64_t left = axes.inner_size() - begin % axes.inner_size();
    const std::int64_t size = std::min(left, end - begin);
    for (std::int64_t i = 0; i < size; ++i) {
      if (row[i * axes.inner_stride()] != T{}) found(begin + i);
    }
    begin += size;
  }
}

/// The elements of each part are counted first, so that it knows where its indices go.
template <class T>
std::vector<View> nonzero_typed(const View& a) {
  constexpr std::int64_t kPart = 1 << 15;  // elements
  const Axes axes(a.shape, a.strides, 0, a.ndim());
  const std::int64_t total = axes.size(), parts = (total + kPart - 1) / kPart;
  const auto for_each_in = [&](std::int64_t part, const auto& found) {
    for_each_nonzero(a.data<T>(), axes, part * kPart, std::min(total, (part + 1) * kPart), found);
  };
  std::vector<std::int64_t> starts(parts + 1);
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      std::int64_t found = 0;
      for_each_in(part, [&](std::int64_t) { ++found; });
      starts[part + 1] = found;
    }
  });
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<View> result;
  for (int axis = 0; axis < a.ndim(); ++axis) {
    result.push_back(View::empty(DType::int64, Dims(1, starts.back())));
  }
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      std::int64_t next = starts[part];
      for_each_in(part, [&](std::int64_t place) {
        // Another thread may have written to `a` since the elements were counted.
        if (next == starts[part + 1]) return;
        for (int axis = a.ndim() - 1; axis >= 0; --axis) {
          result[axis].template data<std::int64_t>()[next] = place % a.shape[axis];
          place /= a.shape[axis];
        }
        ++next;
      });
    }
  });
  return result;
}

}  // namespace

View take(const View& a, const View& indices, std::int64_t axis) {
  check_axis(axis, a.ndim());
  if (indices.ndim() != 1) {
    throw std::invalid_argument("indices have one axis, not " + std::to_string(indices.ndim()));
  }
  const int at = static_cast<int>(axis);
  std::vector<std::int64_t> offsets(indices.size());
  add_offsets(a, at, indices, offsets);
  Dims shape = a.shape;
  shape[at] = indices.shape[0];
  return gather_blocks(a, at, at + 1, offsets, shape);
}

View gather(const View& a, const std::vector<View>& indices) {
  const std::vector<std::int64_t> offsets = offsets_of(a, indices);
  return gather_blocks(a, 0, static_cast<int>(indices.size()), offsets, gathered_shape(a, indices));
}

void scatter(const View& a, const std::vector<View>& indices, const View& values) {
  scatter_blocks(a, indices, values, [](DType dtype, auto&& f) { visit_width(dtype, f); }, Copy());
}

void scatter_add(const View& a, const std::vector<View>& indices, const View& values) {
  if (a.dtype == DType::boolean) throw TypeError("scatter_add is not defined for bool");
  scatter_blocks(a, indices, values, [](DType dtype, auto&& f) { visit(dtype, f); }, Add());
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
  index.strides = broadcast_strides(indices.shape, indices.strides, shape);
  const View result = View::empty(a.dtype, shape);
  if (result.size() > 0) {
    visit_width(a.dtype, [&]<class T>(T) { take_lines<T>(from, a.shape[at], index, at, result); });
  }
  return result;
}

std::vector<View> nonzero(const View& a) {
  if (a.ndim() == 0) throw std::invalid_argument("an array without axes has no indices");
  if (a.size() == 0) return std::vector<View>(a.ndim(), View::empty(DType::int64, Dims(1, 0)));
  return visit(a.dtype, [&]<class T>(T) { return nonzero_typed<T>(a); });
}

}  // namespace needle
