// Kernels are compiled with -fsanitize=alignment but linked without its library: these functions
// are called where an address is no multiple of what its type asks for. The functions of tsan.cpp
// do not see most of that: the compiler reads many vectors number by number.

#include <cstddef>
#include <cstdint>

#include "cuda_host/checker.h"

namespace {

using needle::host::active_checker;
using needle::host::Checker;

/// What the compiler notes of a place where an address is used.
struct TypeMismatch {
  struct {
    const char* file;
    std::uint32_t line, column;
  } place;
  const void* type;
  unsigned char log_alignment;
  unsigned char use;  // a reference, mostly, which is read or written
};

void report(const TypeMismatch& mismatch, std::uintptr_t address, void* instruction) {
  Checker* checker = active_checker;
  if (checker == nullptr) return;  // the host's own
  checker->instruction = instruction;
  checker->report_misaligned("access", address, std::size_t{1} << mismatch.log_alignment);
}

}  // namespace

extern "C" {

void __ubsan_handle_type_mismatch_v1(TypeMismatch* mismatch, std::uintptr_t address);
void __ubsan_handle_type_mismatch_v1(TypeMismatch* mismatch, std::uintptr_t address) {
  report(*mismatch, address, __builtin_return_address(0));
}
void __ubsan_handle_type_mismatch_v1_abort(TypeMismatch* mismatch, std::uintptr_t address);
void __ubsan_handle_type_mismatch_v1_abort(TypeMismatch* mismatch, std::uintptr_t address) {
  report(*mismatch, address, __builtin_return_address(0));
}

}  // extern "C"
