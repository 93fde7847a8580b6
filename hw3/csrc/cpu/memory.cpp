// The machine's own memory.

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "common/allocator.h"
#include "common/device.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace needle {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

class HostMemory final : public MemorySource {
 public:
  void* allocate(std::size_t bytes) override {
    const bool large = bytes >= kHugePage;
    void* block = nullptr;
    if (posix_memalign(&block, large ? kHugePage : kAlignment, bytes) != 0) return nullptr;
#if defined(MADV_HUGEPAGE)
    if (large) madvise(block, bytes, MADV_HUGEPAGE);  // a wish: without it, only slower
#endif
    return block;
  }

  void free(void* block) noexcept override { std::free(block); }

  std::size_t total() const override { return total_; }

  void set_usable([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes,
                  [[maybe_unused]] std::size_t capacity) noexcept override {
#if defined(__SANITIZE_ADDRESS__)
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    ASAN_POISON_MEMORY_REGION(static_cast<char*>(block) + bytes, capacity - bytes);
#endif
  }

 private:
  const std::size_t total_ = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
                             static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
};

Allocator* make_allocator() {
  auto* const allocator = new Allocator(*new HostMemory, 0);
  pthread_atfork([] { current_allocator().mutex().lock(); },
                 [] { current_allocator().mutex().unlock(); },
                 [] { current_allocator().mutex().unlock(); });
  return allocator;
}

}  // namespace

Allocator& current_allocator() {
  // Never destroyed: arrays may outlive any order of destruction at exit.
  static Allocator* const allocator = make_allocator();
  return *allocator;
}

void device::use(int) {}  // there is one

}  // namespace needle
