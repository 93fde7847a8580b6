#pragma once
// From the number of a place to where its elements lie: what kernels on views of any strides need.

#include <cstdint>

#include "common/layout.h"
#include "cuda/divide.h"

namespace needle::cuda {

/// The most places that one kernel numbers.
inline constexpr std::int64_t kMostPlaces = (std::int64_t{1} << 31) - 1;

/// The way through N views of one shape, whose places are numbered in row-major order; handed to
/// kernels by value.
template <int N>
class Offsets {
 public:
  /// For at most kMostPlaces places.
  explicit Offsets(const Loops<N>& loops) : axes_(loops.shape.size()) {
    for (int axis = 0; axis < axes_; ++axis) {
      const int to = axes_ - 1 - axis;
      sizes_[to] = Divider(loops.shape[axis]);
      for (int n = 0; n < N; ++n) strides_[to][n] = loops.strides[n][axis];
    }
  }

  /// Sets the offset of a place in each view.
  NEEDLE_FUNCTION void at(std::uint32_t place, std::int64_t (&offsets)[N]) const {
    for (int n = 0; n < N; ++n) offsets[n] = 0;
    for (int axis = 0; axis < axes_; ++axis) {
      const bool last = axis == axes_ - 1;
      const std::uint32_t rest = last ? 0 : sizes_[axis].divide(place);
      const std::uint32_t index = place - rest * sizes_[axis].divisor();
      for (int n = 0; n < N; ++n) offsets[n] += index * strides_[axis][n];
      place = rest;
    }
  }

 private:
  int axes_;
  Divider sizes_[kMaxDims];
  std::int64_t strides_[kMaxDims][N];
};

/// Calls `work(loops, starts)` for parts of at most kMostPlaces places, where `starts` are the
/// offsets of the part's first place in each view. Almost always there is one part.
template <int N, class Work>
void for_each_part(const Loops<N>& loops, const std::int64_t (&starts)[N], const Work& work) {
  if (count(loops.shape) <= kMostPlaces) return work(loops, starts);
  int axis = 0;
  while (loops.shape[axis] == 1) ++axis;
  Loops<N> half = loops;
  std::int64_t from[N];
  for (int part = 0; part < 2; ++part) {
    const std::int64_t first = part * (loops.shape[axis] / 2);
    half.shape[axis] = part == 0 ? loops.shape[axis] / 2 : loops.shape[axis] - first;
    for (int n = 0; n < N; ++n) from[n] = starts[n] + first * loops.strides[n][axis];
    for_each_part(half, from, work);
  }
}

}  // namespace needle::cuda
