// What the checks say.

#include <algorithm>

#include "cuda_host/block.h"
#include "cuda_host/checker_rules.h"

namespace needle::host {
namespace {

std::string hexadecimal(std::uintptr_t number) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[number % 16]);
    number /= 16;
  } while (number != 0);
  return "0x" + digits;
}

}  // namespace

void Checker::report_race(Access access, Conflict conflict, std::uintptr_t address,
                          std::size_t bytes) const {
  active_checker = nullptr;  // what follows may call checked copies of the standard library
  std::string other = executor().name_thread(thread_of(conflict.tag));
  if (conflict.tag < block_floor_) {
    const auto next = std::upper_bound(
        blocks_.begin(), blocks_.end(), conflict.tag,
        [](Tag tag, const std::pair<Tag, std::uint64_t>& block) { return tag < block.first; });
    other = executor().name_block(std::prev(next)->second) + ", " + other;
  }
  report(std::string("race: ") + text_of(access) + " at " + describe(address, bytes) +
         ", with nothing that orders it after a " + conflict.what + " by " + other);
}

void Checker::report_outside(Access access, std::uintptr_t address, std::size_t bytes) const {
  active_checker = nullptr;
  report(std::string("outside: ") + text_of(access) + " at " + describe(address, bytes));
}

/// Says where the access was made, too: the tool `addr2line` finds the line of the source.
void Checker::report(const std::string& error) const {
  const auto at = reinterpret_cast<std::uintptr_t>(instruction) - 1;
  std::string place;
  if (module_->code.holds(at)) {
    place = "\n  in " + symbol_at(*module_, at).name + ": addr2line -Cfie " + module_->path + " " +
            hexadecimal(at - module_->base);
  }
  executor().fail(error, place);
}

void Checker::report_misaligned(const char* what, std::uintptr_t address, std::size_t bytes) const {
  active_checker = nullptr;
  report(std::string("misaligned: ") + what + " at " + describe(address, bytes));
}

void Checker::report_unwritten(Access access, std::uintptr_t address, std::size_t bytes) const {
  active_checker = nullptr;
  report(std::string("uninitialised shared memory: ") + text_of(access) + " at " +
         describe(address, bytes) + ", which this block has not written");
}

std::string Checker::describe(std::uintptr_t address, std::size_t bytes) const {
  const int device = device_of(reinterpret_cast<const void*>(address));
  if (device >= 0) {
    const std::string place = device_memory(device).describe(address, bytes);
    return device == device_
               ? place
               : "device " + std::to_string(device) + ", which is another one: " + place;
  }
  if (module_->variables.holds(address)) {
    const Symbol symbol = symbol_at(*module_, address);
    if (symbol.name.empty()) return "an unknown variable (" + hexadecimal(address) + ")";
    return "element " + std::to_string((address - symbol.begin) / bytes) + " (of " +
           std::to_string(bytes) + " bytes) of the variable " + symbol.name;
  }
  if (executor().holds_stack(address)) return "another thread's local memory";
  return "an address of the host (" + hexadecimal(address) + ")";
}

}  // namespace needle::host
