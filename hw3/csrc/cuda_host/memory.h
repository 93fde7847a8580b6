#pragma once
// The memory of one simulated device: allocations with unusable space between them, in an order
// that uses freed memory again as late as possible.

#include <cstdint>
#include <map>
#include <string>

#include "cuda_host/reservation.h"
#include "cuda_host/shadow.h"

namespace needle::host {

inline constexpr int kDevices = 2;
inline constexpr std::size_t kDeviceMemory = std::size_t{1} << 30;
inline constexpr std::size_t kGap = 256;  // unusable bytes before and behind each allocation

class DeviceMemory {
 public:
  DeviceMemory();

  /// A block, aligned to 256 bytes and filled with 0xA5, or null if there is no room.
  void* allocate(std::size_t bytes);
  /// Whether `block` was one that `allocate` had returned; then it is free.
  bool free(void* block);

  /// Says that of `capacity` bytes the first `bytes` may be used, in an allocation or a part of
  /// one. A block of which nothing may be used loses what it held.
  void set_usable(void* block, std::size_t bytes, std::size_t capacity);

  bool holds(const void* address) const {
    return reinterpret_cast<std::uintptr_t>(address) - begin() < kDeviceMemory;
  }
  /// Whether all of a range may be used. `bytes` is 16 at most.
  bool usable(std::uintptr_t address, std::size_t bytes) const {
    const std::size_t offset = address - begin();
    const auto* prefix = reinterpret_cast<const unsigned char*>(usable_.begin()) + offset / 8;
    const std::size_t end = offset % 8 + bytes;
    return end <= 8 ? prefix[0] >= end : prefix[0] == 8 && prefix[1] >= end - 8;
  }
  /// The same for ranges of any size; none reaches the end of the memory, where nothing is usable.
  bool all_usable(const void* address, std::size_t bytes) const;

  std::uintptr_t begin() const { return reinterpret_cast<std::uintptr_t>(data_.begin()); }
  std::size_t free_bytes() const { return kDeviceMemory - in_use_; }
  Shadow& shadow() { return shadow_; }

  /// Where an access of `bytes` bytes lies, in words.
  std::string describe(std::uintptr_t address, std::size_t bytes) const;

 private:
  struct Block {
    std::size_t bytes;
    bool freed;
  };

  std::size_t find_room(std::size_t capacity) const;
  void mark(std::size_t offset, std::size_t bytes, std::size_t capacity);
  void forget(std::size_t offset, std::size_t capacity);

  Reservation data_{kDeviceMemory};
  Reservation usable_{kDeviceMemory / 8 + 1};  // of each 8 bytes, how many from their beginning
  Shadow shadow_{data_.begin(), kDeviceMemory};
  std::map<std::size_t, std::size_t> allocations_;  // offset: capacity, with the space behind it
  std::map<std::size_t, Block> blocks_;             // for messages, freed ones included
  std::size_t cursor_ = kGap;
  std::size_t in_use_ = 0;
};

/// The memory of a device, made when it is first asked for.
DeviceMemory& device_memory(int device);

/// The device that an address belongs to, or -1.
int device_of(const void* address);

}  // namespace needle::host
