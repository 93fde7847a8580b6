#pragma once
// Work along one axis: on each of the lines that a view consists of.

#include <algorithm>
#include <cstdint>

#include "common/layout.h"
#include "common/view.h"
#include "cpu/parallel.h"

namespace needle {

/// The lines along one axis of N views, whose other axes agree.
template <int N>
struct Lines {
  std::int64_t strides[N];  // along the lines
  Loops<N> places;          // of the lines

  Lines(const View* const (&views)[N], int axis) {
    places.shape = views[0]->shape;
    places.shape[axis] = 1;
    for (int n = 0; n < N; ++n) {
      strides[n] = views[n]->strides[axis];
      places.strides[n] = views[n]->strides;
    }
    simplify(places);
  }

  /// The distance between neighbouring lines of view n.
  std::int64_t step(int n) const {
    return places.shape.size() == 0 ? 0 : places.strides[n][places.shape.size() - 1];
  }

  /// Calls `body(offsets, count)` for groups of at most `group` lines, in parallel. `offsets` are
  /// those of the first line in each view; the next ones are `step` apart. `size` is the length of
  /// a line. Groups do not depend on the number of threads.
  template <class Body>
  void for_each_group(std::int64_t group, std::int64_t size, const Body& body) const {
    constexpr std::int64_t kWork = 1 << 16;  // elements worth a turn of a thread
    const int last = places.shape.size() - 1;
    const std::int64_t inner = last < 0 ? 1 : places.shape[last];
    const std::int64_t groups = (inner + group - 1) / group;
    std::int64_t outer = 1;
    for (int axis = 0; axis < last; ++axis) outer *= places.shape[axis];
    const std::int64_t work = std::max<std::int64_t>(1, size * std::min(group, inner));
    parallel_for(outer * groups, std::max<std::int64_t>(1, kWork / work),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t unit = begin; unit < end; ++unit) {
                     const std::int64_t first = unit % groups * group;
                     std::int64_t offsets[N];
                     offsets_of(unit / groups, first, offsets);
                     body(offsets, std::min(group, inner - first));
                   }
                 });
  }

 private:
  void offsets_of(std::int64_t place, std::int64_t inner_place, std::int64_t (&offsets)[N]) const {
    for (int n = 0; n < N; ++n) offsets[n] = inner_place * step(n);
    for (int axis = places.shape.size() - 2; axis >= 0; --axis) {
      const std::int64_t at = place % places.shape[axis];
      place /= places.shape[axis];
      for (int n = 0; n < N; ++n) offsets[n] += at * places.strides[n][axis];
    }
  }
};

}  // namespace needle
