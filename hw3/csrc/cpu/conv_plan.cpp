#include "cpu/conv_plan.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace needle {
namespace {

using std::int64_t;

int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// The taps of output i that meet one of the `inputs` places of the image: all from one on.
Run taps_inside(const Phase& phase, int64_t i, int64_t inputs) {
  const int64_t at = phase.input(i, 0), step = std::abs(phase.in_tap_step);
  // Counted from the tap at the low end or, where taps run backwards, at the high end.
  const int64_t before = phase.in_tap_step > 0 ? -at : at - inputs + 1;
  const int64_t until = phase.in_tap_step > 0 ? inputs - 1 - at : at;
  const int64_t first = std::clamp<int64_t>(-floor_divide(-before, step), 0, phase.taps);
  const int64_t last = std::clamp<int64_t>(floor_divide(until, step) + 1, first, phase.taps);
  return {i, 1, first == last ? 0 : first, last - first};
}

void find_runs(Phase& phase, int64_t outputs, int64_t inputs) {
  for (int64_t i = 0; i < outputs; ++i) {
    const Run next = taps_inside(phase, i, inputs);
    const bool same = !phase.runs.empty() && phase.runs.back().first_tap == next.first_tap &&
                      phase.runs.back().taps == next.taps;
    if (same) {
      ++phase.runs.back().count;
    } else {
      phase.runs.push_back(next);
    }
  }
}

/// Drops the taps that no output of the phase needs.
void trim(Phase& phase) {
  int64_t first = phase.taps, last = 0;
  for (const Run& run : phase.runs) {
    if (run.taps == 0) continue;
    first = std::min(first, run.first_tap);
    last = std::max(last, run.first_tap + run.taps);
  }
  first = std::min(first, last);
  phase.in_begin += first * phase.in_tap_step;
  phase.tap_begin += first * phase.tap_step;
  phase.taps = last - first;
  for (Run& run : phase.runs) {
    if (run.taps > 0) run.first_tap -= first;
  }
}

}  // namespace

std::vector<Phase> forward_phases(const Axis& axis) {
  Phase phase = {forward_steps(axis), {}};
  find_runs(phase, axis.result, axis.image);
  trim(phase);
  std::vector<Phase> phases;
  phases.push_back(std::move(phase));
  return phases;
}

std::vector<Phase> backward_phases(const Axis& axis) {
  std::vector<Phase> phases;
  for (const PhaseSteps& steps : backward_steps(axis)) {
    phases.push_back({steps, {}});
    find_runs(phases.back(), (axis.image - 1 - steps.out_begin) / axis.stride + 1, axis.result);
    trim(phases.back());
  }
  return phases;
}

}  // namespace needle
