// Blocks come in sizes of eight steps per power of two, so at most an eighth of a block is unused.
// A block that nobody uses waits, with its Buffer, in the list of its size. Memory that has been
// touched is worth keeping: the first touch of a page costs more than most operations on it, and a
// GPU's memory is slower still to get.

#include "common/allocator.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "common/errors.h"

namespace needle {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSmallest = 512;  // eight steps of 64 make the next power of two
constexpr int kSteps = 8;

}  // namespace

/// The number of the smallest bucket that holds so many bytes, and the size of its blocks.
struct Allocator::Bucket {
  int index;
  std::size_t capacity;
};

Allocator::Bucket Allocator::bucket_for(std::size_t bytes) {
  if (bytes <= kSmallest) {
    const std::size_t lines = std::max<std::size_t>((bytes + kAlignment - 1) / kAlignment, 1);
    return {static_cast<int>(lines) - 1, lines * kAlignment};
  }
  const int power = std::bit_width(bytes - 1) - 1;  // 2^power < bytes <= 2^(power + 1)
  const std::size_t step = (std::size_t{1} << power) / kSteps;
  const std::size_t steps = (bytes + step - 1) / step;  // 9 ... 16
  const int doublings = power - std::countr_zero(kSmallest);
  return {kSteps * doublings + static_cast<int>(steps) - 1, steps * step};
}

Buffer* Allocator::take(std::size_t bytes) {
  if (bytes > source_.total()) fail(bytes);
  const Bucket bucket = bucket_for(bytes);
  Buffer* buffer = reuse(bucket);
  if (buffer == nullptr) buffer = make(bucket);
  if (buffer == nullptr) fail(bytes);
  buffer->bytes_ = bytes;
  source_.set_usable(buffer->data_, bytes, bucket.capacity);
  return buffer;
}

void Allocator::put_back(Buffer* buffer) {
  const std::size_t capacity = buffer->capacity_;
  source_.set_usable(buffer->data_, 0, capacity);
  buffer->references_.store(1, std::memory_order_relaxed);
  Buffer* surplus = nullptr;
  {
    const std::lock_guard lock(mutex_);
    statistics_.in_use -= capacity;
    // Above the limit the sizes in the lists are probably no longer those in use.
    if (statistics_.cached + capacity > source_.most_kept()) surplus = take_all();
    Buffer*& list = lists_[bucket_for(capacity).index];
    buffer->next_ = list;
    list = buffer;
    statistics_.cached += capacity;
  }
  destroy(surplus);
}

void Allocator::release() {
  Buffer* all;
  {
    const std::lock_guard lock(mutex_);
    all = take_all();
  }
  destroy(all);
}

AllocatorStatistics Allocator::statistics() {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void Allocator::count_use(std::size_t capacity) {
  statistics_.in_use += capacity;
  statistics_.peak = std::max(statistics_.peak, statistics_.in_use);
}

Buffer* Allocator::reuse(Bucket bucket) {
  const std::lock_guard lock(mutex_);
  Buffer*& list = lists_[bucket.index];
  Buffer* buffer = list;
  if (buffer == nullptr) return nullptr;
  list = buffer->next_;
  statistics_.cached -= bucket.capacity;
  count_use(bucket.capacity);
  return buffer;
}

/// A new block, or nullptr if there is no memory for it even when nothing is kept.
Buffer* Allocator::make(Bucket bucket) {
  void* block = source_.allocate(bucket.capacity);
  if (block == nullptr) {
    release();
    block = source_.allocate(bucket.capacity);
  }
  if (block == nullptr) return nullptr;
  Buffer* buffer = new (std::nothrow) Buffer(block, 0);
  if (buffer == nullptr) {
    source_.free(block);
    return nullptr;
  }
  buffer->capacity_ = bucket.capacity;
  buffer->owner_ = this;
  buffer->device_ = device_;
  const std::lock_guard lock(mutex_);
  count_use(bucket.capacity);
  return buffer;
}

/// Empties the lists and returns what was in them as one.
Buffer* Allocator::take_all() {
  Buffer* all = nullptr;
  for (Buffer*& list : lists_) {
    while (list != nullptr) {
      Buffer* buffer = std::exchange(list, list->next_);
      buffer->next_ = all;
      all = buffer;
    }
  }
  statistics_.cached = 0;
  return all;
}

void Allocator::destroy(Buffer* list) {
  while (list != nullptr) {
    Buffer* buffer = std::exchange(list, list->next_);
    source_.set_usable(buffer->data_, buffer->capacity_, buffer->capacity_);
    source_.free(buffer->data_);
    delete buffer;
  }
}

void Allocator::fail(std::size_t bytes) {
  const std::string state = source_.describe();
  throw OutOfMemory(std::to_string(bytes) + " bytes" + (state.empty() ? "" : " of " + state));
}

}  // namespace needle
