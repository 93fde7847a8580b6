#pragma once
// What a device does for sort.cpp, which has checked the axis. No view is empty; `result` is
// compact and of the shape of `a`.

#include "common/view.h"

namespace needle::device {

/// Sets `result` to the elements of `a` in order along `axis`.
void sort(const View& a, int axis, bool descending, const View& result);

/// Sets `result`, of int64, to their places along `axis`.
void argsort(const View& a, int axis, bool descending, const View& result);

}  // namespace needle::device
