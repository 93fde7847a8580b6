#pragma once
// Memory of arrays: counted references to blocks of it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace needle {

class Allocator;

/// A block of memory that is freed with its last reference. Not copied, not moved.
class Buffer {
 public:
  /// Memory of `bytes`, aligned to 64, from the current device's allocator; its values are not set.
  /// Throws OutOfMemory; what the device does not have is refused before it is asked for.
  static Buffer* allocate(std::size_t bytes);
  /// Memory of somebody else; `release` is called when no view needs it any more.
  static Buffer* borrow(void* data, std::size_t bytes, std::function<void()> release,
                        int device = 0);

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// The number of the device that it lies on: 0 but where there are several GPUs.
  int device() const { return device_; }

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

 private:
  friend class Allocator;
  Buffer(void* data, std::size_t bytes) : data_(data), bytes_(bytes) {}
  ~Buffer() = default;
  void destroy();

  void* data_;
  std::size_t bytes_;         // as asked for
  std::size_t capacity_ = 0;  // as allocated
  int device_ = 0;
  Allocator* owner_ = nullptr;  // none: the memory is borrowed
  std::atomic<std::int64_t> references_{1};
  Buffer* next_ = nullptr;  // in the allocator's list, while nobody uses it
  std::function<void()> release_;
};

/// One reference to a buffer.
class BufferRef {
 public:
  BufferRef() = default;
  explicit BufferRef(Buffer* adopted) : buffer_(adopted) {}
  BufferRef(const BufferRef& other) : buffer_(other.buffer_) {
    if (buffer_ != nullptr) buffer_->retain();
  }
  BufferRef(BufferRef&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  BufferRef& operator=(BufferRef other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~BufferRef() {
    if (buffer_ != nullptr) buffer_->release();
  }

  Buffer* operator->() const { return buffer_; }
  Buffer* get() const { return buffer_; }

 private:
  Buffer* buffer_ = nullptr;
};

/// What the allocator holds, in bytes as allocated.
struct AllocatorStatistics {
  std::size_t in_use = 0;  // in buffers
  std::size_t cached = 0;  // kept for the next ones
  std::size_t peak = 0;    // most in buffers at once
};
AllocatorStatistics allocator_statistics();

/// Gives the cached memory back to the system.
void release_cached_memory();

}  // namespace needle
