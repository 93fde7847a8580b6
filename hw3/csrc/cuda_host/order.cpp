#include "cuda_host/order.h"

#include <algorithm>
#include <numeric>

namespace needle::host {

void Order::begin(std::uint64_t seed, std::uint64_t blocks) {
  random_ = seed != 0;
  blocks_.clear();
  threads_.clear();
  if (!random_) return;
  generator_.seed(seed);
  blocks_.resize(blocks);
  std::iota(blocks_.begin(), blocks_.end(), 0);
  std::shuffle(blocks_.begin(), blocks_.end(), generator_);
}

void Order::begin_block(unsigned threads) {
  if (!random_) return;
  threads_.resize(threads);
  std::iota(threads_.begin(), threads_.end(), 0);
  std::shuffle(threads_.begin(), threads_.end(), generator_);
}

}  // namespace needle::host
