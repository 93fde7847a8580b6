// One job runs on the pool at a time. Its parts are handed out by counting down `remaining`:
// whoever lowers it from r to r - 1 has part `parts - r` of the current job, whichever that is,
// and the job cannot end before that part has. So a worker that comes late, or was not running at
// all, is never waited for: the calling thread takes the parts that nobody else took.

#include "cpu/parallel.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace needle {
namespace {

using Body = std::function<void(std::int64_t, std::int64_t)>;

constexpr int kSpins = 4000;  // some 50 us, then a thread sleeps
constexpr int kMostThreads = 1024;
constexpr std::int64_t kMostParts = std::int64_t{1} << 30;

thread_local bool inside_body = false;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Whether `ready()` comes true within a short time.
template <class Ready>
bool spin_until(Ready ready) {
  for (int i = 0; i < kSpins; ++i) {
    if (ready()) return true;
    pause();
  }
  return false;
}

int default_threads() {
#if defined(__linux__)
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0) return std::max(CPU_COUNT(&cores), 1);
#endif
  return std::max<int>(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

struct Job {
  const Body* body = nullptr;
  std::int64_t total = 0, grain = 1;
  std::uint32_t parts = 0;

  void run(std::int64_t part) const {
    const std::int64_t begin = part * grain;
    (*body)(begin, begin + std::min(grain, total - begin));
  }
};

void run_alone(const Job& job) {
  for (std::uint32_t part = 0; part < job.parts; ++part) job.run(part);
}

class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {}

  int threads() const { return threads_.load(std::memory_order_relaxed); }

  void resize(int threads) {
    const std::lock_guard lock(mutex_);
    threads_.store(threads, std::memory_order_relaxed);
    if (static_cast<int>(workers_.size()) >= threads) stop_workers();
  }

  /// Runs `job`; false, and nothing done, if the pool is busy with another thread's.
  bool try_run(const Job& job) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    start_workers(threads() - 1);
    job_ = job;
    error_ = nullptr;
    failed_.store(false, std::memory_order_relaxed);
    unfinished_.store(job.parts, std::memory_order_relaxed);
    remaining_.store(job.parts, std::memory_order_release);
    wake_workers();
    take_parts();
    wait_for_others();
    job_.body = nullptr;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return true;
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  void start_workers(int wanted) {
    try {
      while (static_cast<int>(workers_.size()) < wanted) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // no more threads to be had: do with those there are
    }
  }

  void stop_workers() {
    stopping_.store(true, std::memory_order_release);
    wake_workers();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    stopping_.store(false, std::memory_order_relaxed);
  }

  void wake_workers() {
    wakeups_.fetch_add(1);
    wakeups_.notify_all();
  }

  bool something_to_do() const {
    return remaining_.load(std::memory_order_acquire) > 0 ||
           stopping_.load(std::memory_order_acquire);
  }

  void work() {
    while (true) {
      // Read before looking for work: a wake-up that comes in between ends the wait at once.
      const std::uint32_t seen = wakeups_.load();
      if (!spin_until([this] { return something_to_do(); })) wakeups_.wait(seen);
      if (stopping_.load(std::memory_order_acquire)) return;
      take_parts();
    }
  }

  void take_parts() {
    std::uint32_t left = remaining_.load(std::memory_order_acquire);
    while (left > 0) {
      if (!remaining_.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel)) continue;
      run_part(job_.parts - left);
      left = remaining_.load(std::memory_order_acquire);
    }
  }

  void run_part(std::int64_t part) {
    inside_body = true;
    try {
      job_.run(part);
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
    }
    inside_body = false;
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
  }

  void wait_for_others() {
    const auto all_done = [this] { return unfinished_.load(std::memory_order_acquire) == 0; };
    if (spin_until(all_done)) return;
    // One load answers both: who saw 1, then 0, would wait for 0 to change, forever.
    while (const std::uint32_t left = unfinished_.load(std::memory_order_acquire)) {
      unfinished_.wait(left);
    }
  }

  std::mutex mutex_;  // held by the thread whose job runs
  std::atomic<int> threads_;
  std::vector<std::thread> workers_;
  Job job_;
  std::exception_ptr error_;
  std::atomic<bool> failed_{false}, stopping_{false};
  // Apart from each other: every part changes these, on every thread.
  alignas(64) std::atomic<std::uint32_t> remaining_{0};   // parts that nobody has taken
  alignas(64) std::atomic<std::uint32_t> unfinished_{0};  // parts that have not ended
  alignas(64) std::atomic<std::uint32_t> wakeups_{0};
};

/// The pool, never destroyed: at exit its threads end with the process, whatever they wait for.
Pool*& pool() {
  static Pool* instance = [] {
    // A child has the pool's memory but none of its threads: it gets a pool of its own.
    pthread_atfork([] { pool()->lock(); }, [] { pool()->unlock(); },
                   [] { pool() = new Pool(pool()->threads()); });
    return new Pool(default_threads());
  }();
  return instance;
}

Job make_job(std::int64_t total, std::int64_t grain, const Body& body) {
  grain = std::max({grain, total / kMostParts, std::int64_t{1}});
  const std::int64_t parts = total / grain + (total % grain != 0 ? 1 : 0);
  return {&body, total, grain, static_cast<std::uint32_t>(parts)};
}

}  // namespace

int num_threads() {
  return pool()->threads();
}

void set_num_threads(int threads) {
  if (threads < 1 || threads > kMostThreads) {
    throw std::invalid_argument("the number of threads is from 1 to " +
                                std::to_string(kMostThreads) + ", not " + std::to_string(threads));
  }
  if (inside_body) throw std::logic_error("the number of threads cannot change inside of a job");
  pool()->resize(threads);
}

void parallel_for(std::int64_t total, std::int64_t grain, const Body& body) {
  if (total <= 0) return;
  const Job job = make_job(total, grain, body);
  const bool alone = job.parts == 1 || inside_body || pool()->threads() == 1;
  if (alone || !pool()->try_run(job)) run_alone(job);
}

}  // namespace needle
