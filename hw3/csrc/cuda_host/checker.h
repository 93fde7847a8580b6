#pragma once
// Checks each access to memory that a kernel makes: where it goes, and whether another thread's
// access to the same place could have happened before or after it.

#include <cstdint>
#include <string>
#include <vector>

#include "cuda_host/memory.h"
#include "cuda_host/module.h"
#include "cuda_host/shadow.h"

namespace needle::host {

enum class Access { read, write, atomic };

/// What the checks must know of the thread that runs.
struct Running {
  unsigned thread = 0;
  Tag tag = 0;
  const std::uint32_t* met = nullptr;  // per lane of the warp: the clock up to which it is known
  Range stack;
};

class Checker {
 public:
  void begin_launch(int device, Module& module, Range arguments);
  /// Begins a block, or what follows a barrier of one.
  void begin_block(std::uint64_t epoch, std::uint64_t block);
  void begin_epoch(std::uint64_t epoch);
  void run(const Running& running) { running_ = running; }

  /// Does not return if there is an error.
  template <Access access>
  void check(std::uintptr_t address, std::size_t bytes);
  /// The same for any number of bytes, at any address.
  template <Access access>
  void check_range(std::uintptr_t address, std::size_t bytes);

  /// Ends the launch: an address is no multiple of `bytes`.
  [[noreturn]] void report_misaligned(const char* what, std::uintptr_t address,
                                      std::size_t bytes) const;

  /// The return address of the call that is checked, for messages.
  void* instruction = nullptr;

 private:
  struct Conflict {
    Tag tag;
    const char* what;
  };

  bool concurrent(Tag other, Tag floor) const;
  template <Access access>
  Conflict conflict(const Cell& cell, Tag floor) const;
  template <Access access>
  void record(Cell& cell, Tag floor) const;
  int distance(Tag other, Tag floor) const;
  template <Access access>
  void check_cells(const Shadow& shadow, Tag floor, std::uintptr_t address, std::size_t bytes);
  template <Access access>
  void check_word(const Shadow& shadow, Tag floor, std::uintptr_t address);
  template <Access access>
  void check_byte(const Shadow& shadow, Tag floor, std::uintptr_t address);
  bool touched(const Cell& cell) const;
  bool written(const Shadow& shadow, std::uintptr_t address, std::size_t bytes) const;
  bool may_touch_elsewhere(Access access, std::uintptr_t address) const;

  [[noreturn]] void report_race(Access access, Conflict conflict, std::uintptr_t address,
                                std::size_t bytes) const;
  [[noreturn]] void report_outside(Access access, std::uintptr_t address, std::size_t bytes) const;
  [[noreturn]] void report_unwritten(Access access, std::uintptr_t address,
                                     std::size_t bytes) const;
  [[noreturn]] void report(const std::string& error) const;
  std::string describe(std::uintptr_t address, std::size_t bytes) const;

  Running running_;
  Tag launch_floor_ = 0, block_floor_ = 0, epoch_floor_ = 0;
  DeviceMemory* memory_ = nullptr;
  Module* module_ = nullptr;
  int device_ = 0;
  Range arguments_;
  std::vector<std::pair<Tag, std::uint64_t>> blocks_;  // of this launch: first tag, number
};

/// The checker of the kernel that runs on this thread of the operating system, or null. It is asked
/// for before each access to memory, hence the model of thread-local storage without a call.
[[gnu::tls_model("initial-exec")]] inline constinit thread_local Checker* active_checker = nullptr;

}  // namespace needle::host
