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

/// Whether all bytes of an access to shared memory have been written by this block: as words or one
/// by one.
bool Checker::written(const Shadow& shadow, std::uintptr_t address, std::size_t bytes) const {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (!touched(shadow.word(address + i)) && !touched(shadow.byte(address + i))) return false;
  }
  return true;
}

/// What is neither on the device nor a variable of the module: the thread's own, or constant.
bool Checker::may_touch_elsewhere(Access access, std::uintptr_t address) const {
  if (running_.stack.holds(address)) return true;
  if (access != Access::read) return false;
  if (arguments_.holds(address) || module_->constant_section.holds(address)) return true;
  for (const Range& range : module_->constants) {
    if (range.holds(address)) return true;
  }
  return false;
}

}  // namespace needle::host
