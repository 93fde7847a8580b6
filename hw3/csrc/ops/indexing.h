#pragma once
// Elements and rows chosen by arrays of indices (int64). Negative indices count from the end. All
// are checked before anything is written: std::out_of_range names the index, the axis and its size.
// Arrays of indices that are not int64 throw TypeError. Results are new and row-major.

#include <vector>

#include "common/view.h"

namespace needle {

/// The parts of `a` at each of the `indices` (1-d) along `axis`: that axis has their size.
View take(const View& a, const View& indices, std::int64_t axis);

/// result[..., i, ...] = a[..., indices[..., i, ...], ...] at the place `axis`; the other axes of
/// the two broadcast. Throws std::invalid_argument if they do not, or differ in number.
View take_along_axis(const View& a, const View& indices, std::int64_t axis);

/// result[s..., r...] = a[indices[0][s...], indices[1][s...], ..., r...], for index arrays of one
/// shape for the first axes of `a`: a[i, j] in the notation of NumPy. Throws std::invalid_argument
/// if there are none, or more than axes, or if their shapes differ.
View gather(const View& a, const std::vector<View>& indices);

/// a[indices[0], indices[1], ...] = values, which broadcast to the shape of `gather`'s result and
/// may overlap with `a`. The last one stays where a place is named twice. Throws what `gather`
/// does, TypeError if the dtypes differ, and std::invalid_argument if `a` is read-only.
void scatter(const View& a, const std::vector<View>& indices, const View& values);

/// The same with +=, for every time that a place is named, one after the other in row-major order
/// of the indices on one thread: rounding is the same in every run. Not for bools (TypeError).
void scatter_add(const View& a, const std::vector<View>& indices, const View& values);

/// For each axis, the indices (int64) of the elements that are not 0, in row-major order. Throws
/// std::invalid_argument for an array without axes.
std::vector<View> nonzero(const View& a);

}  // namespace needle
