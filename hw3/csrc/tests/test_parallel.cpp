// The pool: every part once, errors, nesting, several callers, fork.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "check.h"
#include "cpu/parallel.h"

namespace {

using needle::parallel_for;
using needle::tests::throws;

class Threads {
 public:
  explicit Threads(int count) : before_(needle::num_threads()) { needle::set_num_threads(count); }
  ~Threads() { needle::set_num_threads(before_); }

 private:
  int before_;
};

/// How often each of [0, total) is visited.
std::vector<int> visits(std::int64_t total, std::int64_t grain) {
  std::vector<int> counts(total, 0);
  parallel_for(total, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++counts[i];
  });
  return counts;
}

constexpr std::chrono::milliseconds kLong{30};

template <class Condition>
bool wait_for(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return condition();
}

/// Whether two parts run at once: each waits until the other has begun.
bool two_parts_meet() {
  std::atomic<int> begun{0}, met{0};
  parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
    ++begun;
    if (wait_for([&] { return begun == 2; })) ++met;
  });
  return met == 2;
}

#if !defined(__SANITIZE_THREAD__)  // which does not follow a forked child that starts threads
bool is_child_well(void (*work)()) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // a child that hangs is killed
    work();
    _exit(needle::tests::failures == 0 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif

}  // namespace

TEST(every_element_is_visited_once) {
  for (int threads : {1, 2, 3, 8}) {
    const Threads scope(threads);
    CHECK(needle::num_threads() == threads);
    for (std::int64_t total : {0, 1, 2, 7, 64, 1000}) {
      for (std::int64_t grain : {1, 3, 64, 5000}) {
        CHECK(visits(total, grain) == std::vector<int>(total, 1));
      }
    }
  }
}

TEST(the_parts_do_not_depend_on_the_number_of_threads) {
  std::set<std::pair<std::int64_t, std::int64_t>> expected = {{0, 40}, {40, 80}, {80, 101}};
  for (int threads : {1, 2, 5}) {
    const Threads scope(threads);
    std::atomic<int> calls{0};
    std::vector<std::pair<std::int64_t, std::int64_t>> parts(3);
    parallel_for(101, 40, [&](std::int64_t begin, std::int64_t end) {
      parts[begin / 40] = {begin, end};
      ++calls;
    });
    CHECK(calls == 3);
    CHECK(std::set(parts.begin(), parts.end()) == expected);
  }
}

TEST(odd_totals_and_grains_are_harmless) {
  int calls = 0;
  parallel_for(-5, 1, [&](std::int64_t, std::int64_t) { ++calls; });
  CHECK(calls == 0);
  CHECK(visits(5, 0) == std::vector<int>(5, 1));
  CHECK(visits(5, -7) == std::vector<int>(5, 1));
  std::int64_t covered = 0;
  parallel_for(INT64_MAX, INT64_MAX,
               [&](std::int64_t begin, std::int64_t end) { covered += end - begin; });
  CHECK(covered == INT64_MAX);
}

TEST(several_threads_take_part) {
  const Threads scope(4);
  CHECK(two_parts_meet());
}

TEST(no_more_threads_take_part_than_were_asked_for) {
  {
    const Threads scope(8);
    visits(100, 1);
  }
  const Threads scope(2);
  std::vector<std::thread::id> ids(20);
  parallel_for(20, 1, [&](std::int64_t part, std::int64_t) {
    ids[part] = std::this_thread::get_id();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  CHECK(std::set(ids.begin(), ids.end()).size() <= 2);
}

TEST(the_call_returns_when_all_parts_have_ended) {
  const Threads scope(2);
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> started{0}, ended{0};
  parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
    ++started;
    wait_for([&] { return started == 2; });
    if (std::this_thread::get_id() != caller) std::this_thread::sleep_for(kLong);
    ++ended;
  });
  CHECK(ended == 2);
}

TEST(the_first_error_comes_out_after_the_other_parts) {
  const Threads scope(3);
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> ended{0};
    const auto work = [&] {
      parallel_for(8, 1, [&](std::int64_t begin, std::int64_t) {
        if (begin % 2 == 0) throw std::runtime_error("part failed");
        ++ended;
      });
    };
    CHECK(throws<std::runtime_error>(work, "part failed"));
    CHECK(ended == 4);
  }
  CHECK(visits(100, 10) == std::vector<int>(100, 1));
}

TEST(an_error_is_the_same_with_one_thread) {
  const Threads scope(1);
  const auto work = [] {
    parallel_for(2, 1, [](std::int64_t, std::int64_t) { throw std::out_of_range("alone"); });
  };
  CHECK(throws<std::out_of_range>(work, "alone"));
}

TEST(a_body_may_use_the_pool) {
  const Threads scope(4);
  std::atomic<int> inner{0};
  parallel_for(6, 1, [&](std::int64_t, std::int64_t) {
    parallel_for(10, 3, [&](std::int64_t begin, std::int64_t end) {
      inner += static_cast<int>(end - begin);
    });
  });
  CHECK(inner == 60);
}

TEST(several_callers_at_once_all_get_their_results) {
  const Threads scope(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int id = 0; id < 4; ++id) {
    callers.emplace_back([&wrong] {
      for (int round = 0; round < 500; ++round) {
        if (visits(64, 4) != std::vector<int>(64, 1)) ++wrong;
      }
    });
  }
  for (int round = 0; round < 20; ++round) needle::set_num_threads(1 + round % 4);
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST(workers_that_sleep_wake_up_again) {
  const Threads scope(3);
  for (int round = 0; round < 20; ++round) {
    CHECK(visits(30, 1) == std::vector<int>(30, 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST(impossible_numbers_of_threads_are_refused) {
  const int before = needle::num_threads();
  for (int threads : {0, -1, 1025, INT32_MAX, INT32_MIN}) {
    CHECK(throws<std::invalid_argument>([&] { needle::set_num_threads(threads); },
                                        "from 1 to 1024, not " + std::to_string(threads)));
  }
  CHECK(needle::num_threads() == before);
}

#if !defined(__SANITIZE_THREAD__)
TEST(a_forked_child_has_a_pool_of_its_own) {
  const Threads scope(3);
  visits(100, 1);
  for (int round = 0; round < 5; ++round) {
    CHECK(is_child_well([] {
      CHECK(needle::num_threads() == 3);
      CHECK(two_parts_meet());
      for (int i = 0; i < 50; ++i) CHECK(visits(100, 1) == std::vector<int>(100, 1));
      needle::set_num_threads(2);
      CHECK(visits(100, 1) == std::vector<int>(100, 1));
    }));
    CHECK(visits(100, 1) == std::vector<int>(100, 1));
  }
}

TEST(fork_while_another_thread_works_is_safe) {
  const Threads scope(3);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) visits(64, 1);
  });
  for (int round = 0; round < 10; ++round) {
    CHECK(is_child_well([] { CHECK(visits(64, 1) == std::vector<int>(64, 1)); }));
  }
  stop = true;
  busy.join();
}
#endif
