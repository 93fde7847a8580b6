#include "cuda_host/module.h"

#include <link.h>

#include <algorithm>
#include <filesystem>
#include <list>
#include <stdexcept>

// The section of `__constant__`; weak, for there may be none.
extern "C" {
extern const char needle_constant_begin __asm__("__start_needle_constant") [[gnu::weak]];
extern const char needle_constant_end __asm__("__stop_needle_constant") [[gnu::weak]];
}

namespace needle::host {
namespace {

struct Search {
  std::uintptr_t code;
  Module* module;
  bool found;
};

Range range_of(const dl_phdr_info& info, const ElfW(Phdr) & header) {
  const std::uintptr_t begin = info.dlpi_addr + header.p_vaddr;
  return {begin, begin + header.p_memsz};
}

void extend(Range& range, Range part) {
  if (range.end == 0) range = part;
  range = {std::min(range.begin, part.begin), std::max(range.end, part.end)};
}

/// Fills the module in if it is the one; what the loader makes read-only after it has written to it
/// counts as constant.
int visit(dl_phdr_info* info, std::size_t, void* argument) {
  auto& search = *static_cast<Search*>(argument);
  Module module;
  Range read_only_later;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) & header = info->dlpi_phdr[i];
    const Range range = range_of(*info, header);
    if (header.p_type == PT_GNU_RELRO) read_only_later = range;
    if (header.p_type != PT_LOAD) continue;
    extend(module.code, range);
    if ((header.p_flags & PF_W) != 0) {
      extend(module.variables, range);
    } else {
      module.constants.push_back(range);
    }
  }
  if (!module.code.holds(search.code)) return 0;
  if (module.variables.holds(read_only_later.begin)) {
    module.constants.push_back(read_only_later);
    module.variables.begin = (read_only_later.end + kPage - 1) / kPage * kPage;
  }
  module.base = info->dlpi_addr;
  module.path = info->dlpi_name[0] != '\0' ? info->dlpi_name
                                           : std::filesystem::read_symlink("/proc/self/exe");
  *search.module = std::move(module);
  search.found = true;
  return 1;
}

}  // namespace

Module& module_of(const void* code) {
  static auto* modules = new std::list<Module>;
  const auto address = reinterpret_cast<std::uintptr_t>(code);
  for (Module& module : *modules) {
    if (module.code.holds(address)) return module;
  }
  Module module;
  Search search{address, &module, false};
  dl_iterate_phdr(visit, &search);
  if (!search.found) throw std::logic_error("a kernel that is in no loaded module");
  module.constant_section = {reinterpret_cast<std::uintptr_t>(&needle_constant_begin),
                             reinterpret_cast<std::uintptr_t>(&needle_constant_end)};
  module.shadow = std::make_unique<Shadow>(reinterpret_cast<const char*>(module.variables.begin),
                                           module.variables.end - module.variables.begin);
  modules->push_back(std::move(module));
  return modules->back();
}

}  // namespace needle::host
