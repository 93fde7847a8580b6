#include "cuda_host/block.h"

#include <algorithm>
#include <bit>

#include "cuda_host/current.h"
#include "cuda_host/settings.h"

namespace needle::host {
namespace {

uint3 index_in(std::uint64_t linear, const dim3& size) {
  return {static_cast<unsigned>(linear % size.x), static_cast<unsigned>(linear / size.x % size.y),
          static_cast<unsigned>(linear / size.x / size.y)};
}

}  // namespace

Executor& executor() {
  static auto* one = new Executor;
  return *one;
}

Executor::Executor() : fibers_([](Fiber& fiber) { executor().work(fiber); }) {}

std::string Executor::run(const cudaLaunchConfig_t& config, const Call& call, int device) {
  call_ = &call;
  module_ = &module_of(reinterpret_cast<const void*>(call.kernel));
  needle_cuda_host_block_dim = config.blockDim;
  needle_cuda_host_grid_dim = config.gridDim;
  count_ = config.blockDim.x * config.blockDim.y * config.blockDim.z;
  const std::uint64_t blocks =
      std::uint64_t{config.gridDim.x} * config.gridDim.y * config.gridDim.z;
  for (unsigned i = 0; i < count_; ++i) threads_[i].index = index_in(i, config.blockDim);
  const auto arguments = reinterpret_cast<std::uintptr_t>(call.arguments);
  checker_.begin_launch(device, *module_, {arguments, arguments + call.argument_bytes});
  order_.begin(settings().order, blocks);
  error_.clear();
  for (std::uint64_t i = 0; i < blocks && error_.empty(); ++i) run_block(order_.block(i));
  if (!error_.empty()) fibers_.restart();
  return error_;
}

void Executor::run_block(std::uint64_t block) {
  block_ = block;
  needle_cuda_host_block_index = index_in(block, needle_cuda_host_grid_dim);
  order_.begin_block(count_);
  started_ = ended_ = 0;
  ready_.clear();
  next_ready_ = 0;
  waiting_.clear();
  for (unsigned i = 0; i < count_; ++i) threads_[i].state = State::unstarted;
  for (unsigned first = 0; first < count_; first += kLanes) {
    Warp& warp = warps_[first / kLanes];
    warp.live = count_ - first >= kLanes ? ~0u : (1u << (count_ - first)) - 1;
    warp.open.clear();
  }
  checker_.begin_block(++epoch_, block);
  main_.switch_to(fibers_.take());
}

/// What a fiber does: it runs threads from beginning to end, as long as there are new ones.
void Executor::work(Fiber& fiber) {
  while (true) {
    start(order_.thread(started_++), fiber);
    call_->run(call_->kernel, call_->arguments);
    active_checker = nullptr;
    end();
    if (next_ready_ == ready_.size() && started_ < count_) continue;
    fibers_.put_back(fiber);
    if (next_ready_ < ready_.size()) {
      fiber.switch_to(*threads_[choose_ready()].fiber);
    } else if (ended_ == count_) {
      fiber.switch_to(main_);
    } else {
      stuck();
    }
  }
}

void Executor::start(unsigned thread, Fiber& fiber) {
  threads_[thread].state = State::runs;
  threads_[thread].fiber = &fiber;
  become(thread);
}

void Executor::end() {
  threads_[current_].state = State::ended;
  warps_[current_ / kLanes].live &= ~(1u << current_ % kLanes);
  ++ended_;
}

/// Lets others run until somebody makes this thread ready.
void Executor::suspend() {
  const unsigned me = current_;
  Fiber& fiber = *threads_[me].fiber;
  if (next_ready_ < ready_.size()) {
    fiber.switch_to(*threads_[choose_ready()].fiber);
  } else if (started_ < count_) {
    fiber.switch_to(fibers_.take());
  } else {
    stuck();
  }
  become(me);
}

/// Takes one of the threads that are ready.
unsigned Executor::choose_ready() {
  std::swap(ready_[next_ready_], ready_[next_ready_ + order_.choose(ready_.size() - next_ready_)]);
  const unsigned thread = ready_[next_ready_++];
  if (next_ready_ == ready_.size()) {
    ready_.clear();
    next_ready_ = 0;
  }
  return thread;
}

void Executor::make_ready(unsigned thread) {
  threads_[thread].state = State::runs;
  ready_.push_back(thread);
}

/// Sets what depends on which thread runs, on the way back into the kernel.
void Executor::become(unsigned thread) {
  current_ = thread;
  needle_cuda_host_thread_index = threads_[thread].index;
  const Meetings& meetings = warps_[thread / kLanes].meetings;
  const std::uint32_t clock = meetings.clock(epoch_, thread % kLanes);
  if (clock == kMaxClock) fail("too many calls of a warp between two barriers to be checked");
  checker_.run({thread, make_tag(epoch_, thread, clock), meetings.known(epoch_, thread % kLanes),
                threads_[thread].fiber->stack()});
  active_checker = settings().checks ? &checker_ : nullptr;
}

int Executor::wait_for_block(Vote vote, int predicate, Where where) {
  if (waiting_.empty()) {
    barrier_ = where;
    votes_ = 0;
  } else if (!same_place(barrier_, where)) {
    fail("divergent barrier: one thread waits at " + text_of(where) + ", but " +
         name_thread(waiting_.front()) + " at " + text_of(barrier_));
  }
  votes_ += predicate != 0;
  waiting_.push_back(current_);
  threads_[current_].state = State::at_barrier;
  if (waiting_.size() < count_) {
    suspend();
    return result_;
  }
  const int all = static_cast<int>(count_);
  result_ = vote == Vote::count ? votes_ : vote == Vote::all ? votes_ == all : votes_ > 0;
  checker_.begin_epoch(++epoch_);
  waiting_.pop_back();
  for (unsigned thread : waiting_) make_ready(thread);
  waiting_.clear();
  threads_[current_].state = State::runs;
  become(current_);
  return result_;
}

std::uint64_t Executor::wait_for_lanes(Collective collective, unsigned mask, std::uint64_t bits,
                                       int argument, int width, Where where) {
  const unsigned lane = current_ % kLanes;
  Warp& warp = warps_[current_ / kLanes];
  if ((mask >> lane & 1u) == 0) fail(text_of(where) + " with a mask that lacks the lane itself");
  if (width < 1 || width > static_cast<int>(kLanes) || (width & (width - 1)) != 0) {
    fail(text_of(where) + " with width " + std::to_string(width) + ", which is no power of two");
  }
  warp.bits[lane] = bits;
  warp.arguments[lane] = argument;
  warp.widths[lane] = width;
  OpenCall& call = warp.arrive(collective, mask, where, lane);
  if (call.arrived != mask) {
    threads_[current_].state = State::at_call;
    suspend();
    return warp.results[lane];
  }
  warp.meetings.meet(epoch_, mask);
  const unsigned first = current_ - lane;
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    const auto other = static_cast<unsigned>(std::countr_zero(rest));
    if (!warp.finish(call, other)) {
      fail(text_of(where) + ": " + name_thread(first + other) +
           " asks for the value of a lane that is not in the mask");
    }
    if (other != lane) make_ready(first + other);
  }
  warp.close(call);
  const std::uint64_t result = warp.results[lane];
  become(current_);
  return result;
}

unsigned Executor::live_lanes() const {
  return warps_[current_ / kLanes].live;
}

}  // namespace needle::host
