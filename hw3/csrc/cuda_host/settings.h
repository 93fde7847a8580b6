#pragma once
// What host_execution.h sets.

#include <cstdint>
#include <mutex>

namespace needle::host {

struct Settings {
  std::uint64_t order = 0;
  bool checks = true;
};

Settings& settings();

/// Guards everything here: launches, allocations and settings are one at a time. A kernel that runs
/// holds it.
std::mutex& mutex();

}  // namespace needle::host
