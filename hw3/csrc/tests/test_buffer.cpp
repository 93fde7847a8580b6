// The allocator: alignment, reuse, accounts, refusals, threads.

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.h"
#include "common/buffer.h"

namespace {

using needle::Buffer;
using needle::BufferRef;

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

BufferRef allocate(std::size_t bytes) {
  return BufferRef(Buffer::allocate(bytes));
}

}  // namespace

TEST(blocks_are_aligned_and_hold_what_was_asked_for) {
  std::vector<BufferRef> all;
  for (std::size_t power = 0; power <= 24; ++power) {
    for (std::size_t bytes :
         {(std::size_t{1} << power) - 1, std::size_t{1} << power, (std::size_t{1} << power) + 1}) {
      all.push_back(allocate(bytes));
      CHECK(all.back()->bytes() == bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(all.back()->data()) % 64 == 0);
      std::memset(all.back()->data(), static_cast<int>(all.size()), bytes);
    }
  }
  // No block lies over another: each still holds its own value.
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto* bytes = static_cast<unsigned char*>(all[i]->data());
    for (std::size_t at : {std::size_t{0}, all[i]->bytes() / 2, all[i]->bytes() - 1}) {
      if (all[i]->bytes() > 0) CHECK(bytes[at] == static_cast<unsigned char>(i + 1));
    }
  }
}

TEST(no_bucket_wastes_more_than_an_eighth) {
  needle::release_cached_memory();
  for (std::size_t bytes = 512; bytes < 40 * kMegabyte; bytes += bytes / 13 + 1) {
    const std::size_t before = needle::allocator_statistics().in_use;
    const BufferRef buffer = allocate(bytes);
    const std::size_t used = needle::allocator_statistics().in_use - before;
    CHECK(used >= bytes && used <= bytes + bytes / 8 + 64);
  }
  needle::release_cached_memory();
}

TEST(memory_is_used_again_and_given_back_on_request) {
  needle::release_cached_memory();
  const void* data;
  {
    const BufferRef buffer = allocate(3 * kMegabyte);
    data = buffer->data();
  }
  const auto kept = needle::allocator_statistics();
  CHECK(kept.cached >= 3 * kMegabyte);
  {
    const BufferRef again = allocate(3 * kMegabyte - 100);
    CHECK(again->data() == data);
    CHECK(again->bytes() == 3 * kMegabyte - 100);
    CHECK(needle::allocator_statistics().cached < kept.cached);
  }
  needle::release_cached_memory();
  CHECK(needle::allocator_statistics().cached == 0);
}

TEST(blocks_of_several_sizes_wait_side_by_side) {
  needle::release_cached_memory();
  for (std::size_t bytes : {kMegabyte, 2 * kMegabyte, 5 * kMegabyte}) allocate(bytes);
  CHECK(needle::allocator_statistics().cached >= 8 * kMegabyte);
  needle::release_cached_memory();
}

#if !defined(__SANITIZE_ADDRESS__)  // which keeps a note on each byte, used or not
TEST(no_more_than_a_quarter_of_the_memory_is_kept) {
  needle::release_cached_memory();
  const std::size_t memory = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
                             static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (std::size_t part : {5, 6, 7, 8}) {
    allocate(memory / part);  // never touched: it takes no room
    CHECK(needle::allocator_statistics().cached <= memory / 4);
  }
  CHECK(needle::allocator_statistics().cached > 0);
  needle::release_cached_memory();
}
#endif

TEST(the_accounts_balance) {
  const auto before = needle::allocator_statistics();
  {
    const BufferRef buffer = allocate(5 * kMegabyte);
    const BufferRef other = buffer;
    const auto during = needle::allocator_statistics();
    CHECK(during.in_use - before.in_use >= 5 * kMegabyte);
    CHECK(during.in_use - before.in_use < 6 * kMegabyte);
    CHECK(during.peak >= during.in_use);
  }
  const auto after = needle::allocator_statistics();
  CHECK(after.in_use == before.in_use);
  CHECK(after.peak >= before.in_use + 5 * kMegabyte);
}

TEST(impossible_sizes_are_refused_and_the_next_call_works) {
  for (std::size_t bytes :
       {std::size_t{4} << 40, std::size_t{1} << 62, std::numeric_limits<std::size_t>::max()}) {
    bool refused = false;
    try {
      allocate(bytes);
    } catch (const std::bad_alloc&) {
      refused = true;
    }
    CHECK(refused);
    CHECK(allocate(100)->data() != nullptr);
  }
}

TEST(a_borrowed_block_is_released_once_with_its_last_reference) {
  int released = 0;
  char bytes[8];
  {
    const BufferRef first(Buffer::borrow(bytes, sizeof bytes, [&] { ++released; }));
    BufferRef second = first;
    second = BufferRef(second);
    const BufferRef third = std::move(second);
    CHECK(released == 0 && third->data() == bytes && third->bytes() == 8);
  }
  CHECK(released == 1);
}

TEST(threads_share_the_allocator) {
  const auto before = needle::allocator_statistics();
  std::vector<std::thread> threads;
  std::vector<int> spoiled(4, 0);
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([id, &spoiled] {
      std::vector<BufferRef> held(8);
      for (int round = 0; round < 5000; ++round) {
        BufferRef& slot = held[round % 8];
        if (slot.get() != nullptr && *static_cast<int*>(slot->data()) != id) ++spoiled[id];
        slot = allocate(64 + 64 * (round % 5));
        *static_cast<int*>(slot->data()) = id;
        if (round % 1000 == 0) needle::release_cached_memory();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int count : spoiled) CHECK(count == 0);
  CHECK(needle::allocator_statistics().in_use == before.in_use);
}
