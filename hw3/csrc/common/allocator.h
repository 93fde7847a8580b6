#pragma once
// An allocator that keeps what is given back.

#include <array>
#include <cstddef>
#include <mutex>
#include <string>

#include "common/buffer.h"

namespace needle {

/// Where an allocator gets its memory.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  /// A block of `bytes`, aligned to 64 at least, or nullptr if there is none.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void free(void* block) noexcept = 0;
  /// The bytes that there can be at all: a request above is refused at once.
  virtual std::size_t total() const = 0;
  /// The bytes that may be kept for later.
  virtual std::size_t most_kept() const { return total() / 4; }
  /// How much of `total()` there is at present, for messages; may be empty.
  virtual std::string describe() const { return ""; }
  /// Tells a checker of memory which bytes of a block may be touched: it does not know that a block
  /// is larger than asked for, or kept.
  virtual void set_usable(void* block, std::size_t bytes, std::size_t capacity) noexcept = 0;
};

/// The lists of blocks that nobody uses; one lock, held for a few nanoseconds, guards all.
class Allocator {
 public:
  /// `source` outlives the allocator, `device` is noted in every buffer.
  Allocator(MemorySource& source, int device) : source_(source), device_(device) {}
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  /// A buffer of `bytes`, whose values are not set. Throws OutOfMemory.
  Buffer* take(std::size_t bytes);
  void put_back(Buffer* buffer);

  /// Gives what is kept back to the source.
  void release();

  AllocatorStatistics statistics();

  /// Held while the process is copied: a child must not inherit the lock from a thread that it does
  /// not have.
  std::mutex& mutex() { return mutex_; }

 private:
  static constexpr int kBuckets = 8 * 64;
  struct Bucket;
  static Bucket bucket_for(std::size_t bytes);

  Buffer* reuse(Bucket bucket);
  Buffer* make(Bucket bucket);
  void count_use(std::size_t capacity);
  Buffer* take_all();
  void destroy(Buffer* list);
  [[noreturn]] void fail(std::size_t bytes);

  MemorySource& source_;
  int device_;
  std::mutex mutex_;
  std::array<Buffer*, kBuckets> lists_{};
  AllocatorStatistics statistics_;
};

/// The allocator of the current device: every device defines it.
Allocator& current_allocator();

}  // namespace needle
