// Names of threads, and why a block cannot go on.

#include <bit>

#include "cuda_host/block.h"
#include "cuda_host/current.h"

namespace needle::host {
namespace {

std::string coordinates(std::uint64_t linear, const dim3& size) {
  return "(" + std::to_string(linear % size.x) + ", " + std::to_string(linear / size.x % size.y) +
         ", " + std::to_string(linear / size.x / size.y) + ")";
}

}  // namespace

std::string text_of(const Where& where) {
  return std::string(where.call) + " (" + where.file + ":" + std::to_string(where.line) + ")";
}

std::string Executor::name_thread(unsigned thread) const {
  return "thread " + coordinates(thread, needle_cuda_host_block_dim);
}

std::string Executor::name_block(std::uint64_t block) const {
  return "block " + coordinates(block, needle_cuda_host_grid_dim);
}

bool Executor::holds_stack(std::uintptr_t address) const {
  return fibers_.hold(address);
}

void Executor::fail(const std::string& error, const std::string& place) {
  const auto kernel = reinterpret_cast<std::uintptr_t>(call_->kernel);
  error_ = error + "\n  kernel " + symbol_at(*module_, kernel).name + ", " + name_block(block_) +
           ", " + name_thread(current_) + place;
  main_.enter();
}

/// Explains why nobody can go on: a call of a warp, if lanes wait in one, or else the barrier.
void Executor::stuck() {
  for (unsigned thread = 0; thread < count_; ++thread) {
    const OpenCall* call = warps_[thread / kLanes].call_of(thread % kLanes);
    if (call == nullptr) continue;
    const auto lane = static_cast<unsigned>(std::countr_zero(call->mask & ~call->arrived));
    const unsigned other = thread - thread % kLanes + lane;
    current_ = thread;
    fail("incomplete warp: " + text_of(call->where) + " waits for " + describe_wait(other));
  }
  unsigned other = 0;
  while (threads_[other].state == State::at_barrier) ++other;
  current_ = waiting_.front();
  fail("divergent barrier: " + text_of(barrier_) + " waits for " + describe_wait(other));
}

std::string Executor::describe_wait(unsigned thread) const {
  if (thread >= count_) {
    return "lane " + std::to_string(thread % kLanes) + ", which the block does not have";
  }
  const std::string name = name_thread(thread);
  if (threads_[thread].state == State::ended) return name + ", which has ended";
  const OpenCall* call = warps_[thread / kLanes].call_of(thread % kLanes);
  return name + ", which waits at " + text_of(call != nullptr ? call->where : barrier_);
}

}  // namespace needle::host
