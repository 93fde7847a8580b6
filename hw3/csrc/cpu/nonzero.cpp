// The places of the elements that are not 0.

#include <algorithm>
#include <numeric>

#include "common/visit.h"
#include "cpu/axes.h"
#include "cpu/parallel.h"
#include "ops/indexing_kernels.h"

namespace needle::device {
namespace {

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

std::vector<View> nonzero(const View& a) {
  return visit(a.dtype, [&]<class T>(T) { return nonzero_typed<T>(a); });
}

}  // namespace needle::device
