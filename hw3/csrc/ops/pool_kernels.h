#pragma once
// What a device does for pool.cpp, which has checked the operands.
//
// Results are new, row-major and not empty; other operands have any strides.

#include <cstdint>
#include <optional>

#include "common/view.h"
#include "ops/conv_window.h"

namespace needle::device {

void max_pool2d(const View& x, const Window& window, const View& y, const View& places);
void max_pool2d_gather(const View& x, const View& places, const View& y);
void avg_pool2d(const View& x, const Window& window, const View& y);

// There may be images without a window: `dy` may be empty.
void max_pool2d_gradient(const View& dy, const View& places, const View& dx);
void avg_pool2d_gradient(const View& dy, const Window& window, const View& dx);

/// The first of the places, which are not none, that is not one of -1 ... most - 1.
std::optional<std::int64_t> wrong_place(const View& places, std::int64_t most);

}  // namespace needle::device
