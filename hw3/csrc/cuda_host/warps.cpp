#include "cuda_host/warps.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace needle::host {
namespace {

/// The lane whose value a shuffle gives to `lane`; the documentation of CUDA's intrinsics has the
/// rules: a warp is cut into segments of `width` lanes, and who asks beyond its own gets its own.
unsigned source_lane(Collective collective, unsigned lane, int argument, unsigned width) {
  const unsigned first = lane & ~(width - 1);
  const unsigned distance = static_cast<unsigned>(argument);
  switch (collective) {
    case Collective::shuffle:
      return first + (distance & (width - 1));
    case Collective::shuffle_up:
      return lane - first >= distance ? lane - distance : lane;
    case Collective::shuffle_down:
      return lane - first + std::uint64_t{distance} < width ? lane + distance : lane;
    default: {
      const unsigned other = lane ^ distance;
      return other < first + width ? other : lane;
    }
  }
}

}  // namespace

void Meetings::meet(std::uint64_t epoch, unsigned mask) {
  if (epoch != epoch_) {
    epoch_ = epoch;
    clocks_.fill(1);
    for (auto& row : known_) row.fill(0);
  }
  std::array<std::uint32_t, kLanes> all{};
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    const auto& row = known_[static_cast<unsigned>(std::countr_zero(rest))];
    for (unsigned i = 0; i < kLanes; ++i) all[i] = std::max(all[i], row[i]);
  }
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(rest));
    all[lane] = clocks_[lane]++;
  }
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    known_[static_cast<unsigned>(std::countr_zero(rest))] = all;
  }
}

const std::uint32_t* Meetings::known(std::uint64_t epoch, unsigned lane) const {
  static constexpr std::array<std::uint32_t, kLanes> nothing{};
  return epoch == epoch_ ? known_[lane].data() : nothing.data();
}

OpenCall& Warp::arrive(Collective collective, unsigned mask, Where where, unsigned lane) {
  for (OpenCall& call : open) {
    if (call.collective != collective || call.mask != mask || !same_place(call.where, where)) {
      continue;
    }
    call.arrived |= 1u << lane;
    return call;
  }
  open.push_back({collective, mask, where, 1u << lane});
  return open.back();
}

bool Warp::finish(const OpenCall& call, unsigned lane) {
  if (call.collective == Collective::sync) return true;
  if (call.collective == Collective::ballot) {
    std::uint64_t votes = 0;
    for (unsigned other = 0; other < kLanes; ++other) {
      if ((call.mask >> other & 1u) != 0 && bits[other] != 0) votes |= std::uint64_t{1} << other;
    }
    results[lane] = votes;
    return true;
  }
  const unsigned source =
      source_lane(call.collective, lane, arguments[lane], static_cast<unsigned>(widths[lane]));
  if ((call.mask >> source & 1u) == 0) return false;
  results[lane] = bits[source];
  return true;
}

void Warp::close(const OpenCall& call) {
  open.erase(open.begin() + (&call - open.data()));
}

const OpenCall* Warp::call_of(unsigned lane) const {
  for (const OpenCall& call : open) {
    if ((call.arrived >> lane & 1u) != 0) return &call;
  }
  return nullptr;
}

bool same_place(const Where& a, const Where& b) {
  const auto same = [](const char* x, const char* y) { return x == y || std::strcmp(x, y) == 0; };
  return a.line == b.line && same(a.file, b.file) && same(a.call, b.call);
}

}  // namespace needle::host
