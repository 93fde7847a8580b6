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
  blocks_[offset] = {bytes, capacity, false};
  mark(offset, bytes, capacity);
  std::memset(data_.begin() + offset, kFill, bytes);
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
  blocks_[offset] = {bytes, capacity, true};
  mark(offset, 0, capacity);
  if (capacity >= kWorthDiscarding) {
    data_.discard(offset, capacity);
    shadow_.discard(begin() + offset, capacity);
  }
  return true;
}

void DeviceMemory::set_usable(void* block, std::size_t bytes, std::size_t capacity) {
  const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) - begin();
  blocks_[offset] = {bytes, capacity, bytes == 0};
  mark(offset, bytes, capacity);
  if (bytes == 0) std::memset(block, kFill, capacity);
}

bool DeviceMemory::all_usable(const void* address, std::size_t bytes) const {
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(address);
  if (bytes > kDeviceMemory - (first - begin())) return false;
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t step = std::min<std::size_t>(8 - (first + done) % 8, bytes - done);
    if (!usable(first + done, step)) return false;
    done += step;
  }
  return true;
}

std::string DeviceMemory::describe(std::uintptr_t address, std::size_t bytes) const {
  const std::size_t offset = address - begin();
  auto after = blocks_.upper_bound(offset);
  if (after == blocks_.begin()) {
    if (after == blocks_.end()) return "device memory that nobody has allocated";
    return std::to_string(after->first - offset) + " bytes before an allocation of " +
           std::to_string(after->second.bytes) + " bytes";
  }
  const auto& [start, block] = *std::prev(after);
  const std::string size = " of " + std::to_string(block.bytes) + " bytes";
  if (block.freed) return "memory that has been freed";
  if (offset < start + block.bytes) {
    return "element " + std::to_string((offset - start) / bytes) + " (of " + std::to_string(bytes) +
           " bytes) in an allocation" + size;
  }
  // What is nearer to the next allocation was probably meant to be in that one.
  if (after != blocks_.end() && after->first - offset < offset - (start + block.bytes)) {
    return std::to_string(after->first - offset) + " bytes before an allocation of " +
           std::to_string(after->second.bytes) + " bytes";
  }
  return std::to_string(offset - (start + block.bytes)) + " bytes past the end of an allocation" +
         size;
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
