#pragma once
// What a device does for optimizers.cpp, which has checked the operands. All are row-major and of
// one size, which may be 0. What is changed shares no memory with the others, or all of it: then an
// element is read before it is written.

#include "common/view.h"
#include "ops/optimizers_numbers.h"

namespace needle::device {

/// Writes the new parameters to `out`, and the new moments in place.
void adam_step(const View& out, const View& p, const View& g, const View& m, const View& v,
               const AdamNumbers& numbers);

/// The same with a velocity, which may be nullptr: no momentum.
void sgd_step(const View& out, const View& p, const View& g, const View* velocity,
              const SgdNumbers& numbers);

}  // namespace needle::device
