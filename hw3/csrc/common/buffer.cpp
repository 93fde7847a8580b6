#include "common/buffer.h"

#include "common/allocator.h"

namespace needle {

Buffer* Buffer::allocate(std::size_t bytes) {
  return current_allocator().take(bytes);
}

Buffer* Buffer::borrow(void* data, std::size_t bytes, std::function<void()> release, int device) {
  Buffer* buffer = new Buffer(data, bytes);
  buffer->device_ = device;
  buffer->release_ = std::move(release);
  return buffer;
}

void Buffer::destroy() {
  if (owner_ != nullptr) return owner_->put_back(this);
  if (release_) release_();
  delete this;
}

AllocatorStatistics allocator_statistics() {
  return current_allocator().statistics();
}

void release_cached_memory() {
  current_allocator().release();
}

}  // namespace needle
