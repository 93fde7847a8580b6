#pragma once
// Runs the blocks of a launch one after the other, each thread of a block until it must wait.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cuda_api/launch.h"
#include "cuda_api/synchronization.h"
#include "cuda_host/checker.h"
#include "cuda_host/fibers.h"
#include "cuda_host/order.h"
#include "cuda_host/warps.h"

namespace needle::host {

inline constexpr unsigned kMostThreads = 1024;

class Executor {
 public:
  Executor();

  /// Runs all blocks; the text of the first error, or an empty one.
  std::string run(const cudaLaunchConfig_t& config, const Call& call, int device);

  // What kernels call, by way of the functions of the same names.
  int wait_for_block(Vote vote, int predicate, Where where);
  std::uint64_t wait_for_lanes(Collective collective, unsigned mask, std::uint64_t bits,
                               int argument, int width, Where where);
  unsigned live_lanes() const;

  /// Ends the launch. No destructors of the kernel's run.
  [[noreturn]] void fail(const std::string& error, const std::string& place = "");

  std::string name_thread(unsigned thread) const;
  std::string name_block(std::uint64_t block) const;
  bool holds_stack(std::uintptr_t address) const;

 private:
  enum class State { unstarted, runs, at_barrier, at_call, ended };
  struct Thread {
    State state;
    Fiber* fiber;
    uint3 index;
  };

  void run_block(std::uint64_t block);
  void work(Fiber& fiber);
  void start(unsigned thread, Fiber& fiber);
  void end();
  void suspend();
  unsigned choose_ready();
  void make_ready(unsigned thread);
  void become(unsigned thread);
  [[noreturn]] void stuck();
  std::string describe_wait(unsigned thread) const;

  FiberPool fibers_;
  Fiber main_;
  Order order_;
  const Call* call_ = nullptr;
  Module* module_ = nullptr;
  Checker checker_;
  std::uint64_t epoch_ = 0;
  std::uint64_t block_ = 0;
  std::string error_;

  // The block that runs.
  unsigned count_ = 0, current_ = 0, started_ = 0, ended_ = 0;
  std::array<Thread, kMostThreads> threads_;
  std::array<Warp, kMostThreads / kLanes> warps_;
  std::vector<unsigned> ready_;  // those that can go on, first in first out
  std::size_t next_ready_ = 0;

  // Its barrier.
  std::vector<unsigned> waiting_;
  Where barrier_{};
  int votes_ = 0, result_ = 0;
};

Executor& executor();

std::string text_of(const Where& where);

}  // namespace needle::host
