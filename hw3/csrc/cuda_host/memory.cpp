#include "cuda_host/memory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <memory>

namespace needle::host {
namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kWorthDiscarding = std::size_t{1} << 18;
constexpr int kFill = 0xA5;
constexpr std::size_t kMostFilled = std::size_t{64} << 20;  // beyond, it would take real memory

}  // namespace

DeviceMemory::DeviceMemory() {
  madvise(data_.begin(), kDeviceMemory, MADV_DONTDUMP);
}

void* DeviceMemory::allocate(std::size_t bytes) {
  if (bytes > kDeviceMemory) return nullptr;
  const std::size_t capacity =
      (std::max<std::size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment + kGap;
  const std::size_t offset = find_room(capacity);
  if (offset + capacity > kDeviceMemory) return nullptr;
  allocations_[offset] = capacity;
  cursor_ = offset + capacity;
  in_use_ += capacity;
  forget(offset, capacity);
  blocks_[offset] = {bytes, false};
  mark(offset, bytes, capacity);
  std::memset(data_.begin() + offset, kFill, std::min(bytes, kMostFilled));
  return data_.begin() + offset;
}

bool DeviceMemory::free(void* block) {
  const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) - begin();
  const auto found = allocations_.find(offset);
  if (found == allocations_.end()) return false;
  const std::size_t capacity = found->second;
  const std::size_t bytes = blocks_.contains(offset) ? blocks_[offset].bytes : 0;
  allocations_.erase(found);
  in_use_ -= capacity;
  forget(offset, capacity);
  blocks_[offset] = {bytes, true};
  mark(offset, 0, capacity);
  if (capacity >= kWorthDiscarding) {
    data_.discard(offset, capacity);
    shadow_.discard(begin() + offset, capacity);
  }
  return true;
}

void DeviceMemory::set_usable(void* block, std::size_t bytes, std::size_t capacity) {
  const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) - begin();
  blocks_[offset] = {bytes == 0 ? capacity : bytes, bytes == 0};
  mark(offset, bytes, capacity);
  if (bytes == 0) std::memset(block, kFill, std::min(capacity, kMostFilled));
}

bool DeviceMemory::all_usable(const void* address, std::size_t bytes) const {
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(address);
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t step = std::min<std::size_t>(8 - (first + done) % 8, bytes - done);
    if (!usable(first + done, step)) return false;
    done += step;
  }
  return true;
}

std::string DeviceMemory::describe(std::uintptr_t address, std::size_t bytes) const {
  const std::size_t offset = address - begin();
  const auto text = [](std::size_t number) { return std::to_string(number); };
  const auto name = [&](const Block& block) {
    return (block.freed ? "freed memory of " : "an allocation of ") + text(block.bytes) + " bytes";
  };
  const auto next = blocks_.upper_bound(offset);
  const bool any_before = next != blocks_.begin(), any_behind = next != blocks_.end();
  std::size_t past = kDeviceMemory;
  if (any_before) {
    const auto& [start, block] = *std::prev(next);
    if (offset < start + block.bytes) {
      return "element " + text((offset - start) / bytes) + " (of " + text(bytes) + " bytes) in " +
             name(block);
    }
    past = offset - (start + block.bytes);
  }
  // What is nearer to the next allocation was probably meant to be in that one.
  if (any_behind && next->first - offset < past) {
    return text(next->first - offset) + " bytes before " + name(next->second);
  }
  if (any_before) return text(past) + " bytes past the end of " + name(std::prev(next)->second);
  return "device memory that was never allocated";
}

/// The first gap from the cursor on, or, when there is none, the first of all.
std::size_t DeviceMemory::find_room(std::size_t capacity) const {
  const auto search = [&](std::size_t from) {
    for (auto next = allocations_.lower_bound(from); next != allocations_.end(); ++next) {
      if (next->first - from >= capacity) break;
      from = next->first + next->second;
    }
    return from;
  };
  const std::size_t offset = search(cursor_);
  return offset + capacity <= kDeviceMemory ? offset : search(kGap);
}

void DeviceMemory::mark(std::size_t offset, std::size_t bytes, std::size_t capacity) {
  auto* prefix = reinterpret_cast<unsigned char*>(usable_.begin()) + offset / 8;
  std::memset(prefix, 8, bytes / 8);
  std::memset(prefix + bytes / 8, 0, (capacity + 7) / 8 - bytes / 8);
  if (bytes % 8 != 0) prefix[bytes / 8] = static_cast<unsigned char>(bytes % 8);
}

void DeviceMemory::forget(std::size_t offset, std::size_t capacity) {
  blocks_.erase(blocks_.lower_bound(offset), blocks_.lower_bound(offset + capacity));
}

DeviceMemory& device_memory(int device) {
  // Never destroyed: arrays may outlive any order of destruction at exit.
  static const auto* memories =
      new std::array<DeviceMemory*, kDevices>{new DeviceMemory, new DeviceMemory};
  return *(*memories)[static_cast<std::size_t>(device)];
}

int device_of(const void* address) {
  for (int device = 0; device < kDevices; ++device) {
    if (device_memory(device).holds(address)) return device;
  }
  return -1;
}

}  // namespace needle::host
