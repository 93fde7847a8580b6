#include "cuda_api/atomics.h"

#include <algorithm>
#include <cstdint>

#include "cuda_host/checker_rules.h"

namespace {

using needle::host::Access;
using needle::host::active_checker;
using needle::host::Checker;

/// Replaces `*address` by a function of it; the value from before. Threads take turns only where
/// they wait, so nothing can come between.
template <class T, class Change>
inline T update(T* address, void* instruction, Change change) {
  if (Checker* checker = active_checker) {
    checker->instruction = instruction;
    checker->check<Access::atomic>(reinterpret_cast<std::uintptr_t>(address), sizeof(T));
  }
  const T before = *address;
  *address = change(before);
  return before;
}

}  // namespace

#define NEEDLE_HOST_ATOMIC(name, T, expression)                             \
  T name(T* address, T value) {                                             \
    return update(address, __builtin_return_address(0),                     \
                  [=]([[maybe_unused]] T old) -> T { return expression; }); \
  }
#define NEEDLE_HOST_ATOMIC_INTEGERS(name, expression) \
  NEEDLE_HOST_ATOMIC(name, int, expression)           \
  NEEDLE_HOST_ATOMIC(name, unsigned int, expression)  \
  NEEDLE_HOST_ATOMIC(name, unsigned long long int, expression)
#define NEEDLE_HOST_ATOMIC_CAS(T)                                            \
  T atomicCAS(T* address, T compare, T value) {                              \
    return update(address, __builtin_return_address(0),                      \
                  [=](T old) -> T { return old == compare ? value : old; }); \
  }

// Integers wrap, signed ones, too.
NEEDLE_HOST_ATOMIC(atomicAdd, int, static_cast<int>(unsigned(old) + unsigned(value)))
NEEDLE_HOST_ATOMIC(atomicAdd, unsigned int, old + value)
NEEDLE_HOST_ATOMIC(atomicAdd, unsigned long long int, old + value)
NEEDLE_HOST_ATOMIC(atomicAdd, float, old + value)
NEEDLE_HOST_ATOMIC(atomicAdd, double, old + value)
NEEDLE_HOST_ATOMIC(atomicSub, int, static_cast<int>(unsigned(old) - unsigned(value)))
NEEDLE_HOST_ATOMIC(atomicSub, unsigned int, old - value)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicExch, value)
NEEDLE_HOST_ATOMIC(atomicExch, float, value)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicMin, std::min(old, value))
NEEDLE_HOST_ATOMIC(atomicMin, long long int, std::min(old, value))
NEEDLE_HOST_ATOMIC_INTEGERS(atomicMax, std::max(old, value))
NEEDLE_HOST_ATOMIC(atomicMax, long long int, std::max(old, value))
NEEDLE_HOST_ATOMIC_INTEGERS(atomicAnd, old& value)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicOr, old | value)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicXor, old ^ value)
NEEDLE_HOST_ATOMIC(atomicInc, unsigned int, old >= value ? 0 : old + 1)
NEEDLE_HOST_ATOMIC(atomicDec, unsigned int, old == 0 || old > value ? value : old - 1)
NEEDLE_HOST_ATOMIC_CAS(int)
NEEDLE_HOST_ATOMIC_CAS(unsigned int)
NEEDLE_HOST_ATOMIC_CAS(unsigned long long int)
NEEDLE_HOST_ATOMIC_CAS(unsigned short int)
