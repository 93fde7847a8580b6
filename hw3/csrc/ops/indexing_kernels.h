#pragma once
// What a device does for indexing.cpp, which has checked dtypes and shapes, and made the results.

#include <vector>

#include "common/view.h"

namespace needle {

/// Throws std::out_of_range.
[[noreturn]] void fail_index(std::int64_t index, std::int64_t axis, std::int64_t size);

namespace device {

/// How far the places lie from the first element of `a` that index arrays (int64, of one shape)
/// choose, for its axes `first` and following, in row-major order: a vector of int64. Throws
/// std::out_of_range for the first wrong index of the first array that has one.
View offsets_of(const View& a, int first, const std::vector<View>& indices);

/// result[o..., s, r...] = a[o..., the offset s, r...]: `outer` axes of `a` stay before those that
/// the offsets stand for, those from `rest` on behind. `result` is row-major; the axes of its that
/// the offsets fill may be any number.
void gather_blocks(const View& result, const View& a, int outer, int rest, const View& offsets);

/// a[the offset s, r...] = values[s..., r...], or += if `add`, for the axes of `a` from `rest` on
/// and the first `indexed` axes of `values`: for one offset in the order of s, each on top of the
/// others. The elements of a block do not overlap, and none is read from `a`.
void scatter_blocks(const View& a, int rest, const View& offsets, const View& values, int indexed,
                    bool add);

/// result[..., i, ...] = from[..., index[..., i, ...], ...] at the place `axis`: the three have
/// one shape, but `from` has `size` elements along it. Throws std::out_of_range.
void take_along_axis(const View& result, const View& from, const View& index, int axis,
                     std::int64_t size);

/// For each axis, the indices of the elements that are not 0. `a` has axes and elements.
std::vector<View> nonzero(const View& a);

}  // namespace device
}  // namespace needle
