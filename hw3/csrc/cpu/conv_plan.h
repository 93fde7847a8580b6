#pragma once
// The phases of a convolution (ops/conv_phases.h) without the taps that meet nothing.
//
// A correlation adds up, for each output, inputs times taps. Near the border some taps meet only
// padding; they are left out, instead of multiplying zeros. In images that have shrunk to 1 x 1,
// these are most of the taps.

#include <cstdint>
#include <vector>

#include "ops/conv_phases.h"

namespace needle {

/// Neighbouring outputs of a phase that meet the same taps, those from `first_tap` on.
struct Run {
  std::int64_t begin, count;
  std::int64_t first_tap, taps;
};

struct Phase : PhaseSteps {
  std::vector<Run> runs;  // in order, all outputs of the phase
};

/// From image to result: one phase.
std::vector<Phase> forward_phases(const Axis& axis);

/// From the gradient of the result to that of the image.
std::vector<Phase> backward_phases(const Axis& axis);

}  // namespace needle
