#pragma once
// The lanes of a warp: which of them wait for each other, what they hand over, and who has met
// whom.

#include <array>
#include <cstdint>
#include <vector>

#include "cuda_api/warp.h"

namespace needle::host {

inline constexpr unsigned kLanes = 32;

/// Clocks of what each lane knows of each other, within one epoch (until the next barrier).
class Meetings {
 public:
  /// The lanes of `mask` meet: each now knows all that any of them knew, and goes on.
  void meet(std::uint64_t epoch, unsigned mask);
  std::uint32_t clock(std::uint64_t epoch, unsigned lane) const {
    return epoch == epoch_ ? clocks_[lane] : 1;
  }
  /// Per lane, the clock up to which `lane` knows it.
  const std::uint32_t* known(std::uint64_t epoch, unsigned lane) const;

 private:
  std::uint64_t epoch_ = 0;
  std::array<std::uint32_t, kLanes> clocks_;
  std::array<std::array<std::uint32_t, kLanes>, kLanes> known_;
};

/// A call that some lanes wait in.
struct OpenCall {
  Collective collective;
  unsigned mask;
  Where where;
  unsigned arrived;
};

struct Warp {
  Meetings meetings;
  unsigned live = 0;
  std::vector<OpenCall> open;

  // What the lanes that wait have handed over, and what they get.
  std::array<std::uint64_t, kLanes> bits, results;
  std::array<int, kLanes> arguments, widths;

  /// Notes that `lane` has arrived at a call, which may be a new one.
  OpenCall& arrive(Collective collective, unsigned mask, Where where, unsigned lane);
  /// The result of a call for one lane; false if that comes from a lane which is not in the mask.
  bool finish(const OpenCall& call, unsigned lane);
  void close(const OpenCall& call);
  /// The call that `lane` waits in, or null.
  const OpenCall* call_of(unsigned lane) const;
};

bool same_place(const Where& a, const Where& b);

}  // namespace needle::host
