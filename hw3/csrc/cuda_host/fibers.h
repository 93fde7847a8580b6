#pragma once
// Stacks that take turns on one thread of the operating system.

#include <csetjmp>
#include <cstdint>
#include <memory>
#include <vector>

#include "cuda_host/module.h"
#include "cuda_host/reservation.h"

namespace needle::host {

class Fiber {
 public:
  /// The fiber of the calling thread itself, which only switches to others.
  Fiber() = default;
  /// A fiber that will call `body`, which never returns.
  Fiber(Range stack, void (*body)(Fiber&)) : stack_(stack), body_(body) {}

  /// Goes on with `next`, until somebody switches to this one again.
  void switch_to(Fiber& next);
  /// The same, where nobody will.
  [[noreturn]] void enter();
  /// Makes it begin anew; what was on its stack is lost.
  void restart() { started_ = false; }

  Range stack() const { return stack_; }

 private:
  [[noreturn]] void begin();

  Range stack_;
  void (*body_)(Fiber&) = nullptr;
  bool started_ = false;
  std::jmp_buf context_;
};

/// Fibers that are kept, with a page below each stack that nobody may touch.
class FiberPool {
 public:
  explicit FiberPool(void (*body)(Fiber&)) : body_(body) {}

  Fiber& take();
  void put_back(Fiber& fiber) { idle_.push_back(&fiber); }
  /// Makes all fibers idle and new, whatever they were doing.
  void restart();
  /// Whether an address is on one of the stacks.
  bool hold(std::uintptr_t address) const;

 private:
  void (*body_)(Fiber&);
  std::unique_ptr<Reservation> stacks_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
};

}  // namespace needle::host
