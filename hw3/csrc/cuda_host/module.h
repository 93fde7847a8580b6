#pragma once
// The program or library that a kernel belongs to: where its variables lie, and its functions'
// names.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda_host/shadow.h"

namespace needle::host {

struct Range {
  std::uintptr_t begin = 0, end = 0;
  bool holds(std::uintptr_t address) const { return address - begin < end - begin; }
};

struct Module {
  std::string path;
  std::uintptr_t base = 0;         // what is added to the addresses in the file
  Range code;                      // from the first to the last byte
  Range variables;                 // writable: static ones, and so the shared ones of kernels
  std::vector<Range> constants;    // only readable
  Range constant_section;          // of `variables`, what is only readable, too: `__constant__`
  std::unique_ptr<Shadow> shadow;  // of `variables`
};

/// The module that `code` is in; the answer is kept.
Module& module_of(const void* code);

struct Symbol {
  std::string name;  // demangled; empty if it is not known
  std::uintptr_t begin = 0;
};

/// The function or variable that `address` is in.
Symbol symbol_at(const Module& module, std::uintptr_t address);

}  // namespace needle::host
