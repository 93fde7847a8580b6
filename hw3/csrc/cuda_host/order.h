#pragma once
// The order in which blocks and threads run: ascending, or drawn from a seed.

#include <cstdint>
#include <random>
#include <vector>

namespace needle::host {

class Order {
 public:
  /// Begins a launch. With seed 0 everything is ascending.
  void begin(std::uint64_t seed, std::uint64_t blocks);
  /// Draws the order of the threads of the next block.
  void begin_block(unsigned threads);

  std::uint64_t block(std::uint64_t i) const { return blocks_.empty() ? i : blocks_[i]; }
  unsigned thread(unsigned i) const { return threads_.empty() ? i : threads_[i]; }
  /// Which of `count` that are ready goes on.
  std::size_t choose(std::size_t count) { return random_ ? generator_() % count : 0; }

 private:
  bool random_ = false;
  std::mt19937_64 generator_;
  std::vector<std::uint64_t> blocks_;
  std::vector<unsigned> threads_;
};

}  // namespace needle::host
