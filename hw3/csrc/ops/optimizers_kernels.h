#pragma once
// What a device does for optimizers.cpp, which has checked the operands. Those of one parameter are
// row-major and of one size, which may be 0; all are of one dtype. What is changed shares no memory
// with anything else. There is at least one parameter.

#include <optional>
#include <vector>

#include "common/view.h"
#include "ops/optimizers_numbers.h"

namespace needle {

/// What belongs to one parameter: `out` is the new one, the moments m and v are changed in place.
struct AdamViews {
  View out, p, g, m, v;
};

/// The same with a velocity, if there is momentum.
struct SgdViews {
  View out, p, g;
  std::optional<View> velocity;
};

namespace device {

void adam_steps(const std::vector<AdamViews>& parameters, const AdamNumbers& numbers);
void sgd_steps(const std::vector<SgdViews>& parameters, const SgdNumbers& numbers);

}  // namespace device
}  // namespace needle
