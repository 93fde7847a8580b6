#pragma once
// Address space that becomes memory, zeros, where it is touched.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace needle::host {

inline constexpr std::size_t kPage = 4096;

class Reservation {
 public:
  Reservation() = default;
  explicit Reservation(std::size_t bytes) : bytes_(bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    begin_ = static_cast<char*>(memory);
  }
  ~Reservation() {
    if (begin_ != nullptr) munmap(begin_, bytes_);
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  char* begin() const { return begin_; }
  std::size_t bytes() const { return bytes_; }

  /// Gives the pages that lie wholly in a range back; they are zeros again.
  void discard(std::size_t offset, std::size_t bytes) {
    const std::size_t first = (offset + kPage - 1) / kPage * kPage;
    const std::size_t last = (offset + bytes) / kPage * kPage;
    if (first < last) madvise(begin_ + first, last - first, MADV_DONTNEED);
  }

 private:
  char* begin_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace needle::host
