#include "cuda_host/checker.h"

#include "cuda_host/checker_rules.h"

namespace needle::host {

void Checker::begin_launch(int device, Module& module, Range arguments) {
  device_ = device;
  memory_ = &device_memory(device);
  module_ = &module;
  arguments_ = arguments;
  blocks_.clear();
}

void Checker::begin_block(std::uint64_t epoch, std::uint64_t block) {
  block_floor_ = make_tag(epoch, 0, 0);
  if (blocks_.empty()) launch_floor_ = block_floor_;
  blocks_.emplace_back(block_floor_, block);
  begin_epoch(epoch);
}

void Checker::begin_epoch(std::uint64_t epoch) {
  epoch_floor_ = make_tag(epoch, 0, 0);
}

template <Access access>
void Checker::check(std::uintptr_t address, std::size_t bytes) {
  if (address % bytes != 0) report_misaligned(access, address, bytes);
  if (memory_->holds(reinterpret_cast<const void*>(address))) {
    if (!memory_->usable(address, bytes)) report_outside(access, address, bytes);
    check_cells<access>(memory_->shadow(), launch_floor_, address, bytes);
  } else {
    check_elsewhere<access>(address, bytes);
  }
}

template <Access access>
void Checker::check_range(std::uintptr_t address, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const bool word = (address + done) % 4 == 0 && bytes - done >= 4;
    check<access>(address + done, word ? 4 : 1);
    done += word ? 4 : 1;
  }
}

template <Access access>
void Checker::check_elsewhere(std::uintptr_t address, std::size_t bytes) {
  if (running_.stack.holds(address)) return;
  if constexpr (access == Access::read) {
    if (arguments_.holds(address)) return;
    for (const Range& range : module_->constants) {
      if (range.holds(address)) return;
    }
  }
  if (!module_->variables.holds(address)) report_outside(access, address, bytes);
  for (const Range& range : module_->constants) {
    if (range.holds(address)) report_outside(access, address, bytes);
  }
  if constexpr (access != Access::write) {
    if (!written(*module_->shadow, address, bytes)) report_unwritten(access, address, bytes);
  }
  check_cells<access>(*module_->shadow, block_floor_, address, bytes);
}

/// Whether this block has written all of these bytes of shared memory.
bool Checker::written(const Shadow& shadow, std::uintptr_t address, std::size_t bytes) const {
  const auto touched = [this](const Cell& cell) {
    return cell.write >= block_floor_ || cell.atomic >= block_floor_;
  };
  for (std::size_t i = 0; i < bytes; ++i) {
    if (touched(shadow.word(address + i))) {
      i += 3 - (address + i) % 4;
    } else if (!touched(shadow.byte(address + i))) {
      return false;
    }
  }
  return true;
}

Checker*& active_checker() {
  // A kernel's thread never leaves its thread of the operating system while it runs.
  thread_local Checker* checker = nullptr;
  return checker;
}

#define NEEDLE_HOST_CHECK(access)                                            \
  template void Checker::check<Access::access>(std::uintptr_t, std::size_t); \
  template void Checker::check_range<Access::access>(std::uintptr_t, std::size_t);
NEEDLE_HOST_CHECK(read)
NEEDLE_HOST_CHECK(write)
NEEDLE_HOST_CHECK(atomic)
#undef NEEDLE_HOST_CHECK

}  // namespace needle::host
