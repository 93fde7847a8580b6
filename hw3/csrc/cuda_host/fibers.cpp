// ucontext begins a fiber; after that, `_setjmp` and `_longjmp` switch without a system call.

// The checked longjmp takes a jump to another stack for an error.
#undef _FORTIFY_SOURCE

#include "cuda_host/fibers.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <cstdlib>

namespace needle::host {
namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 10;
constexpr std::size_t kMostFibers = 1024;
constexpr std::size_t kCacheLine = 64;

}  // namespace

void Fiber::switch_to(Fiber& next) {
  if (_setjmp(context_) == 0) next.enter();
}

void Fiber::enter() {
  if (started_ || body_ == nullptr) _longjmp(context_, 1);
  begin();
}

void Fiber::begin() {
  static Fiber* beginning;  // launches are one at a time
  beginning = this;
  started_ = true;
  ucontext_t context;
  getcontext(&context);
  context.uc_stack.ss_sp = reinterpret_cast<void*>(stack_.begin);
  context.uc_stack.ss_size = stack_.end - stack_.begin;
  context.uc_link = nullptr;
  makecontext(&context, [] { beginning->body_(*beginning); }, 0);
  setcontext(&context);
  std::abort();
}

Fiber& FiberPool::take() {
  if (idle_.empty()) {
    if (!stacks_) stacks_ = std::make_unique<Reservation>(kMostFibers * (kStackBytes + kPage));
    const std::size_t number = fibers_.size();
    char* guard = stacks_->begin() + number * (kStackBytes + kPage);
    mprotect(guard, kPage, PROT_NONE);
    const auto begin = reinterpret_cast<std::uintptr_t>(guard + kPage);
    // Were they all a multiple of pages apart, their first lines would share a few places in
    // caches.
    const std::size_t unused = number * kCacheLine % kPage;
    const Range stack{begin, begin + kStackBytes - unused};
    fibers_.push_back(std::make_unique<Fiber>(stack, body_));
    return *fibers_.back();
  }
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  return fiber;
}

void FiberPool::restart() {
  idle_.clear();
  for (const auto& fiber : fibers_) {
    fiber->restart();
    idle_.push_back(fiber.get());
  }
}

bool FiberPool::hold(std::uintptr_t address) const {
  return stacks_ != nullptr &&
         address - reinterpret_cast<std::uintptr_t>(stacks_->begin()) < stacks_->bytes();
}

}  // namespace needle::host
