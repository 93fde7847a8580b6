// Kernels are compiled with -fsanitize=thread but linked without its library: the compiler then
// calls these functions before each access to memory.

#include <cstddef>
#include <cstdint>

#include "cuda_host/checker_rules.h"

using needle::host::Access;
using needle::host::active_checker;
using needle::host::Checker;

namespace {

template <Access access, std::size_t bytes>
inline void check(void* address, void* instruction) {
  Checker* checker = active_checker;
  if (checker == nullptr) return;
  checker->instruction = instruction;
  checker->check<access>(reinterpret_cast<std::uintptr_t>(address), bytes);
}

template <Access access>
inline void check_range(void* address, std::size_t bytes, void* instruction) {
  Checker* checker = active_checker;
  if (checker == nullptr) return;
  checker->instruction = instruction;
  checker->check_range<access>(reinterpret_cast<std::uintptr_t>(address), bytes);
}

}  // namespace

#define NEEDLE_HOST_TSAN(bytes)                                              \
  void __tsan_read##bytes(void* address);                                    \
  void __tsan_read##bytes(void* address) {                                   \
    check<Access::read, bytes>(address, __builtin_return_address(0));        \
  }                                                                          \
  void __tsan_write##bytes(void* address);                                   \
  void __tsan_write##bytes(void* address) {                                  \
    check<Access::write, bytes>(address, __builtin_return_address(0));       \
  }                                                                          \
  void __tsan_unaligned_read##bytes(void* address);                          \
  void __tsan_unaligned_read##bytes(void* address) {                         \
    check_range<Access::read>(address, bytes, __builtin_return_address(0));  \
  }                                                                          \
  void __tsan_unaligned_write##bytes(void* address);                         \
  void __tsan_unaligned_write##bytes(void* address) {                        \
    check_range<Access::write>(address, bytes, __builtin_return_address(0)); \
  }

extern "C" {

NEEDLE_HOST_TSAN(1)
NEEDLE_HOST_TSAN(2)
NEEDLE_HOST_TSAN(4)
NEEDLE_HOST_TSAN(8)
NEEDLE_HOST_TSAN(16)

void __tsan_read_range(void* address, std::size_t bytes);
void __tsan_read_range(void* address, std::size_t bytes) {
  check_range<Access::read>(address, bytes, __builtin_return_address(0));
}
void __tsan_write_range(void* address, std::size_t bytes);
void __tsan_write_range(void* address, std::size_t bytes) {
  check_range<Access::write>(address, bytes, __builtin_return_address(0));
}

void __tsan_init();
void __tsan_init() {}
void __tsan_func_entry(void*);
void __tsan_func_entry(void*) {}
void __tsan_func_exit(void*);
void __tsan_func_exit(void*) {}
void __tsan_vptr_update(void**, void*);
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**);
void __tsan_vptr_read(void**) {}

}  // extern "C"
