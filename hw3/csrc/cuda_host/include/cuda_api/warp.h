#pragma once
// What the lanes of a warp do together: shuffles, votes, `__syncwarp`.

#include <cstdint>
#include <cstring>

#include "cuda_api/where.h"

namespace needle::host {

enum class Collective { sync, shuffle, shuffle_up, shuffle_down, shuffle_xor, ballot };

/// Waits for the lanes of `mask` to make the same call. A shuffle hands over `bits` and answers
/// with those of the lane that `argument` names; a ballot answers with the lanes whose `bits` are
/// not 0.
std::uint64_t wait_for_lanes(Collective collective, unsigned mask, std::uint64_t bits, int argument,
                             int width, Where where);

/// The lanes of this warp that have not ended.
unsigned live_lanes();

template <class T>
T shuffle(Collective collective, unsigned mask, T value, int argument, int width, Where where) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = wait_for_lanes(collective, mask, bits, argument, width, where);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace needle::host

#define NEEDLE_HOST_SHUFFLE(name, collective, Argument, T)                                \
  inline T name(unsigned mask, T value, Argument argument, int width = 32,                \
                const char* file = __builtin_FILE(), int line = __builtin_LINE()) {       \
    return needle::host::shuffle(needle::host::Collective::collective, mask, value,       \
                                 static_cast<int>(argument), width, {#name, file, line}); \
  }
#define NEEDLE_HOST_SHUFFLES(T)                                    \
  NEEDLE_HOST_SHUFFLE(__shfl_sync, shuffle, int, T)                \
  NEEDLE_HOST_SHUFFLE(__shfl_up_sync, shuffle_up, unsigned, T)     \
  NEEDLE_HOST_SHUFFLE(__shfl_down_sync, shuffle_down, unsigned, T) \
  NEEDLE_HOST_SHUFFLE(__shfl_xor_sync, shuffle_xor, int, T)

NEEDLE_HOST_SHUFFLES(int)
NEEDLE_HOST_SHUFFLES(unsigned)
NEEDLE_HOST_SHUFFLES(long)
NEEDLE_HOST_SHUFFLES(unsigned long)
NEEDLE_HOST_SHUFFLES(long long)
NEEDLE_HOST_SHUFFLES(unsigned long long)
NEEDLE_HOST_SHUFFLES(float)
NEEDLE_HOST_SHUFFLES(double)

#undef NEEDLE_HOST_SHUFFLES
#undef NEEDLE_HOST_SHUFFLE

inline void __syncwarp(unsigned mask = 0xffffffffu, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  needle::host::wait_for_lanes(needle::host::Collective::sync, mask, 0, 0, 32,
                               {"__syncwarp", file, line});
}

inline unsigned __ballot_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  return static_cast<unsigned>(needle::host::wait_for_lanes(needle::host::Collective::ballot, mask,
                                                            predicate != 0, 0, 32,
                                                            {"__ballot_sync", file, line}));
}

inline int __any_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return needle::host::wait_for_lanes(needle::host::Collective::ballot, mask, predicate != 0, 0, 32,
                                      {"__any_sync", file, line}) != 0;
}

inline int __all_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return needle::host::wait_for_lanes(needle::host::Collective::ballot, mask, predicate != 0, 0, 32,
                                      {"__all_sync", file, line}) == mask;
}

inline unsigned __activemask() {
  return needle::host::live_lanes();
}
