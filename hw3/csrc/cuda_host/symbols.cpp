// Names out of the symbol table of the module's file. dladdr knows only what is exported, and
// kernels are not.

#include <cxxabi.h>
#include <link.h>

#include <cstdlib>
#include <fstream>

#include "cuda_host/module.h"

namespace needle::host {
namespace {

std::string demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  const std::string result = status == 0 ? text : name;
  std::free(text);
  return result;
}

std::vector<char> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  std::vector<char> bytes(static_cast<std::size_t>(file.tellg()));
  file.seekg(0).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

template <class T>
const T* at(const std::vector<char>& file, std::size_t offset, std::size_t count = 1) {
  if (offset > file.size() || count > (file.size() - offset) / sizeof(T)) return nullptr;
  return reinterpret_cast<const T*>(file.data() + offset);
}

}  // namespace

Symbol symbol_at(const Module& module, std::uintptr_t address) {
  const std::vector<char> file = contents(module.path);
  const auto* header = at<ElfW(Ehdr)>(file, 0);
  if (header == nullptr) return {};
  const auto* sections = at<ElfW(Shdr)>(file, header->e_shoff, header->e_shnum);
  if (sections == nullptr) return {};
  for (int i = 0; i < header->e_shnum; ++i) {
    const ElfW(Shdr) & section = sections[i];
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= header->e_shnum) continue;
    const std::size_t count = section.sh_size / sizeof(ElfW(Sym));
    const auto* symbols = at<ElfW(Sym)>(file, section.sh_offset, count);
    const ElfW(Shdr) & names = sections[section.sh_link];
    if (symbols == nullptr || at<char>(file, names.sh_offset, names.sh_size) == nullptr) return {};
    for (std::size_t j = 0; j < count; ++j) {
      if (address - module.base - symbols[j].st_value >= symbols[j].st_size) continue;
      return {demangled(file.data() + names.sh_offset + symbols[j].st_name),
              module.base + symbols[j].st_value};
    }
  }
  return {};
}

}  // namespace needle::host
