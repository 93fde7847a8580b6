#include "cpu/isa.h"

#include <atomic>
#include <stdexcept>

namespace needle {
namespace {

#if defined(__aarch64__)
constexpr const char* kNames[] = {"neon", "avx2", "avx512"};  // every arm64 has NEON
#else
constexpr const char* kNames[] = {"baseline", "avx2", "avx512"};
#endif

const char* name(Isa isa) {
  return kNames[static_cast<int>(isa)];
}

bool is_available(Isa isa) {
  if (isa == Isa::baseline) return true;
#if defined(__x86_64__)
  // These ask the operating system, too, whether it saves the wide registers.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == Isa::avx2) return avx2;
  return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

Isa best() {
  for (Isa isa : {Isa::avx512, Isa::avx2}) {
    if (is_available(isa)) return isa;
  }
  return Isa::baseline;
}

std::atomic<Isa>& chosen() {
  static std::atomic<Isa> isa = best();
  return isa;
}

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (is_available(isa)) names.emplace_back(name(isa));
  }
  return names;
}

Isa current_isa() {
  return chosen().load(std::memory_order_relaxed);
}

std::string current_isa_name() {
  return name(current_isa());
}

void set_isa(const std::string& wanted) {
  std::string present;
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (!is_available(isa)) continue;
    if (wanted == name(isa)) return chosen().store(isa, std::memory_order_relaxed);
    present += (present.empty() ? "" : ", ") + std::string(name(isa));
  }
  throw std::invalid_argument("no instruction set '" + wanted + "' on this processor, only " +
                              present);
}

}  // namespace needle
