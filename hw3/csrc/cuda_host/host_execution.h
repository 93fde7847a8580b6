#pragma once
// Switches of the execution of kernels on the host, for tests.

#include <cstddef>
#include <cstdint>

namespace needle::host {

/// Runs blocks and threads in an order drawn from `seed`, in all launches to come; 0, which is how
/// a program begins, is the ascending one.
void set_order(std::uint64_t seed);

/// Switches the checks of accesses to memory off or on. Barriers are checked in any case.
void set_checks(bool on);

}  // namespace needle::host

/// Says that only the first `bytes` of a block of `capacity` bytes may be used; an allocator of
/// device memory calls it for what it hands out and, with 0 bytes, for what it keeps. Allocators
/// declare it weak, and call it where it is.
extern "C" void needle_cuda_host_set_usable(void* block, std::size_t bytes, std::size_t capacity);
