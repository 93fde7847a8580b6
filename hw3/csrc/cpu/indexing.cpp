// Blocks, what is left of an array when some axes are indexed, are moved between there and an array
// of all blocks in a row.

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "common/visit.h"
#include "cpu/axes.h"
#include "cpu/parallel.h"
#include "cpu/wrapped.h"
#include "ops/movement.h"

namespace needle::device {
namespace {

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

/// Moves the blocks of `values`, one after the other, to the offsets in `a`.
template <class T, class Move>
void move_blocks(const View& a, int rest, const View& offsets, const View& values, int indexed,
                 const Move& move) {
  const Axes places(values.shape, values.strides, 0, indexed);
  const Loops<2> block = block_of(a, rest, values, indexed);
  const auto* const chosen = offsets.data<std::int64_t>();
  for (std::int64_t s = 0; s < offsets.size(); ++s) {
    for_each_line(a.data<T>() + chosen[s], values.data<T>() + places.offset(s), block, move);
  }
}

}  // namespace

View offsets_of(const View& a, int first, const std::vector<View>& indices) {
  const View result = View::empty(DType::int64, Dims(1, indices[0].size()));
  auto* const offsets = result.data<std::int64_t>();
  std::fill_n(offsets, result.size(), 0);
  for (int axis = first; const View& array : indices) {
    const View row_major = array.compact() ? array : copy(array);
    const auto* const index = row_major.data<std::int64_t>();
    const std::int64_t size = a.shape[axis], stride = size > 1 ? a.strides[axis] : 0;
    for (std::int64_t s = 0; s < result.size(); ++s) {
      offsets[s] += wrapped(index[s], axis, size) * stride;
    }
    ++axis;
  }
  return result;
}

void gather_blocks(const View& result, const View& a, int outer, int rest, const View& offsets) {
  const Axes before(a.shape, a.strides, 0, outer);
  const Loops<2> block = block_of(result, result.ndim() - (a.ndim() - rest), a, rest);
  const std::int64_t chosen = offsets.size();
  const auto* const chosen_offsets = offsets.data<std::int64_t>();
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
          for_each_line(to, from + chosen_offsets[s], block, Copy());
        }
        begin += last - first;
      }
    };
    parallel_for(blocks, std::max<std::int64_t>(1, kWork / size), move_blocks);
  });
}

void scatter_blocks(const View& a, int rest, const View& offsets, const View& values, int indexed,
                    bool add) {
  if (add) {
    visit(a.dtype, [&]<class T>(T) { move_blocks<T>(a, rest, offsets, values, indexed, Add()); });
  } else {
    visit_width(a.dtype,
                [&]<class T>(T) { move_blocks<T>(a, rest, offsets, values, indexed, Copy()); });
  }
}

}  // namespace needle::device
