// Blocks come in sizes of eight steps per power of two, so at most an eighth of a block is unused.
// A block that nobody uses waits, with its Buffer, in the list of its size. Memory that has been
// touched is worth keeping: the first touch of a page costs more than most operations on it.

#include "cpu/buffer.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace needle {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSmallest = 512;  // eight steps of 64 make the next power of two
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr int kSteps = 8;
constexpr int kBuckets = kSteps * 64;

/// The number of the smallest bucket that holds `bytes`, and the size of its blocks.
struct Bucket {
  int index;
  std::size_t capacity;
};

Bucket bucket_for(std::size_t bytes) {
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

std::size_t machine_memory() {
  static const std::size_t bytes = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
                                   static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

void* allocate_block(std::size_t capacity) {
  const bool large = capacity >= kHugePage;
  void* block = nullptr;
  if (posix_memalign(&block, large ? kHugePage : kAlignment, capacity) != 0) return nullptr;
#if defined(MADV_HUGEPAGE)
  if (large) madvise(block, capacity, MADV_HUGEPAGE);  // a wish: without it, only slower
#endif
  return block;
}

/// Tells AddressSanitizer, where it is compiled in, which bytes of a block may be touched: it does
/// not know that a block is larger than asked for, or kept.
void set_usable([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes,
                [[maybe_unused]] std::size_t capacity) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(block) + bytes, capacity - bytes);
#endif
}

}  // namespace

/// The lists of blocks; one lock, held for a few nanoseconds, guards all.
class Allocator {
 public:
  static Allocator& get() {
    // Never destroyed: arrays may outlive any order of destruction at exit.
    static Allocator* allocator = new Allocator;
    return *allocator;
  }

  Buffer* take(std::size_t bytes) {
    if (bytes > machine_memory()) throw std::bad_alloc();
    const Bucket bucket = bucket_for(bytes);
    Buffer* buffer = reuse(bucket);
    if (buffer == nullptr) buffer = make(bucket);
    buffer->bytes_ = bytes;
    set_usable(buffer->data_, bytes, bucket.capacity);
    return buffer;
  }

  void put_back(Buffer* buffer) {
    const std::size_t capacity = buffer->capacity_;
    set_usable(buffer->data_, 0, capacity);
    buffer->references_.store(1, std::memory_order_relaxed);
    Buffer* surplus = nullptr;
    {
      const std::lock_guard lock(mutex_);
      statistics_.in_use -= capacity;
      // Above the limit the sizes in the lists are probably no longer those in use.
      if (statistics_.cached + capacity > machine_memory() / 4) surplus = take_all();
      Buffer*& list = lists_[bucket_for(capacity).index];
      buffer->next_ = list;
      list = buffer;
      statistics_.cached += capacity;
    }
    destroy(surplus);
  }

  void release() {
    Buffer* all;
    {
      const std::lock_guard lock(mutex_);
      all = take_all();
    }
    destroy(all);
  }

  AllocatorStatistics statistics() {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

 private:
  Allocator() {
    // A child must not inherit the lock from a thread that it does not have.
    pthread_atfork([] { get().mutex_.lock(); }, [] { get().mutex_.unlock(); },
                   [] { get().mutex_.unlock(); });
  }

  void count_use(std::size_t capacity) {
    statistics_.in_use += capacity;
    statistics_.peak = std::max(statistics_.peak, statistics_.in_use);
  }

  Buffer* reuse(Bucket bucket) {
    const std::lock_guard lock(mutex_);
    Buffer*& list = lists_[bucket.index];
    Buffer* buffer = list;
    if (buffer == nullptr) return nullptr;
    list = buffer->next_;
    statistics_.cached -= bucket.capacity;
    count_use(bucket.capacity);
    return buffer;
  }

  Buffer* make(Bucket bucket) {
    void* block = allocate_block(bucket.capacity);
    if (block == nullptr) {
      release();
      block = allocate_block(bucket.capacity);
    }
    if (block == nullptr) throw std::bad_alloc();
    Buffer* buffer = new (std::nothrow) Buffer(block, 0);
    if (buffer == nullptr) {
      std::free(block);
      throw std::bad_alloc();
    }
    buffer->capacity_ = bucket.capacity;
    const std::lock_guard lock(mutex_);
    count_use(bucket.capacity);
    return buffer;
  }

  /// Empties the lists and returns what was in them as one.
  Buffer* take_all() {
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

  static void destroy(Buffer* list) {
    while (list != nullptr) {
      Buffer* buffer = std::exchange(list, list->next_);
      set_usable(buffer->data_, buffer->capacity_, buffer->capacity_);
      std::free(buffer->data_);
      delete buffer;
    }
  }

  std::mutex mutex_;
  std::array<Buffer*, kBuckets> lists_{};
  AllocatorStatistics statistics_;
};

Buffer* Buffer::allocate(std::size_t bytes) {
  return Allocator::get().take(bytes);
}

Buffer* Buffer::borrow(void* data, std::size_t bytes, std::function<void()> release) {
  Buffer* buffer = new Buffer(data, bytes);
  buffer->release_ = std::move(release);
  return buffer;
}

void Buffer::destroy() {
  if (capacity_ > 0) return Allocator::get().put_back(this);
  if (release_) release_();
  delete this;
}

AllocatorStatistics allocator_statistics() {
  return Allocator::get().statistics();
}

void release_cached_memory() {
  Allocator::get().release();
}

}  // namespace needle
