#pragma once
// The rules of races. Two accesses by different threads to one place conflict if one of them writes
// and not both are atomic; they must then be ordered. Blocks of a launch are not ordered, the
// threads of a block are by its barriers, and the lanes of a warp also by their meetings.

#include "cuda_host/checker.h"

namespace needle::host {

constexpr const char* text_of(Access access) {
  return access == Access::read ? "read" : access == Access::write ? "write" : "atomic operation";
}

/// Whether nothing orders the other access before this one. Accesses below `floor` do not count.
inline bool Checker::concurrent(Tag other, Tag floor) const {
  if (other < floor) return false;
  if (other < block_floor_) return true;
  if (other < epoch_floor_) return false;
  const unsigned thread = thread_of(other);
  if (thread == running_.thread) return false;
  return thread / 32 != running_.thread / 32 || running_.met[thread % 32] < clock_of(other);
}

template <Access access>
inline Checker::Conflict Checker::conflict(const Cell& cell, Tag floor) const {
  if (concurrent(cell.write, floor)) return {cell.write, "write"};
  if constexpr (access != Access::atomic) {
    if (concurrent(cell.atomic, floor)) return {cell.atomic, "atomic operation"};
  }
  if constexpr (access != Access::read) {
    if (concurrent(cell.read, floor)) return {cell.read, "read"};
    if (concurrent(cell.other_read, floor)) return {cell.other_read, "read"};
  }
  return {0, nullptr};
}

/// How far the other thread is from this one: who is far conflicts with more of those to come.
inline int Checker::distance(Tag other, Tag floor) const {
  if (other < floor) return -1;
  if (other < block_floor_) return 2;
  return other >= epoch_floor_ && thread_of(other) / 32 != running_.thread / 32;
}

template <Access access>
inline void Checker::record(Cell& cell, Tag floor) const {
  const Tag tag = running_.tag;
  if constexpr (access == Access::read) {
    const Tag before = cell.read;
    cell.read = tag;
    if (before >> kClockBits == tag >> kClockBits) return;  // the same thread, no barrier between
    if (distance(before, floor) >= distance(cell.other_read, floor)) cell.other_read = before;
  } else if constexpr (access == Access::write) {
    // Who comes later and is not ordered after what was here is not ordered after this write.
    cell = {tag, 0, 0, 0};
  } else if (distance(cell.atomic, floor) < 2) {
    cell.atomic = tag;
  }
}

/// Whether this block has written here.
inline bool Checker::touched(const Cell& cell) const {
  return cell.write >= block_floor_ || cell.atomic >= block_floor_;
}

template <Access access>
inline void Checker::check_cells(const Shadow& shadow, Tag floor, std::uintptr_t address,
                                 std::size_t bytes) {
  if (bytes >= 4) {
    for (std::size_t i = 0; i < bytes; i += 4) check_word<access>(shadow, floor, address + i);
  } else {
    shadow.narrow(address) = running_.tag;
    for (std::size_t i = 0; i < bytes; ++i) check_byte<access>(shadow, floor, address + i);
  }
}

template <Access access>
inline void Checker::check_word(const Shadow& shadow, Tag floor, std::uintptr_t address) {
  Cell& cell = shadow.word(address);
  Conflict found = conflict<access>(cell, floor);
  if (shadow.narrow(address) >= floor) {
    for (std::size_t i = 0; i < 4 && found.what == nullptr; ++i) {
      found = conflict<access>(shadow.byte(address + i), floor);
    }
  }
  if (found.what != nullptr) report_race(access, found, address, 4);
  record<access>(cell, floor);
}

template <Access access>
inline void Checker::check_byte(const Shadow& shadow, Tag floor, std::uintptr_t address) {
  Cell& cell = shadow.byte(address);
  Conflict found = conflict<access>(cell, floor);
  if (found.what == nullptr) found = conflict<access>(shadow.word(address), floor);
  if (found.what != nullptr) report_race(access, found, address, 1);
  record<access>(cell, floor);
}

template <Access access>
inline void Checker::check(std::uintptr_t address, std::size_t bytes) {
  if (address % bytes != 0) report_misaligned(text_of(access), address, bytes);
  if (memory_->holds(reinterpret_cast<const void*>(address))) {
    if (!memory_->usable(address, bytes)) report_outside(access, address, bytes);
    check_cells<access>(memory_->shadow(), launch_floor_, address, bytes);
  } else if (module_->variables.holds(address) && !module_->constant_section.holds(address)) {
    // Shared memory: what other blocks did there was done to their own.
    const Shadow& shadow = *module_->shadow;
    if (access != Access::write && !(bytes == 4 && touched(shadow.word(address))) &&
        !written(shadow, address, bytes)) {
      report_unwritten(access, address, bytes);
    }
    check_cells<access>(shadow, block_floor_, address, bytes);
  } else if (!may_touch_elsewhere(access, address)) {
    report_outside(access, address, bytes);
  }
}

template <Access access>
inline void Checker::check_range(std::uintptr_t address, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const bool word = (address + done) % 4 == 0 && bytes - done >= 4;
    check<access>(address + done, word ? 4 : 1);
    done += word ? 4 : 1;
  }
}

}  // namespace needle::host
