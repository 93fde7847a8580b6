// The functions that kernels call. First of all they switch the checks off, for this thread of the
// operating system: functions of the standard library that are used here may, after linking, be the
// copies that were compiled with checks, for kernels.

#include "cuda_api/intrinsics.h"
#include "cuda_host/block.h"

namespace needle::host {

int wait_for_block(Vote vote, int predicate, Where where) {
  active_checker = nullptr;
  return executor().wait_for_block(vote, predicate, where);
}

std::uint64_t wait_for_lanes(Collective collective, unsigned mask, std::uint64_t bits, int argument,
                             int width, Where where) {
  active_checker = nullptr;
  return executor().wait_for_lanes(collective, mask, bits, argument, width, where);
}

unsigned live_lanes() {
  return executor().live_lanes();
}

void trap(const char* file, int line) {
  active_checker = nullptr;
  executor().fail("trap: " + text_of({"__trap", file, line}));
}

}  // namespace needle::host
