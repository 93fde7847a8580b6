// Views: new ones, restrided ones, and whether two may overlap.

#include <cstdint>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>

#include "check.h"
#include "common/view.h"

namespace {

using needle::Dims;
using needle::DType;
using needle::View;
using needle::tests::throws;

Dims dims(std::initializer_list<std::int64_t> values) {
  Dims result;
  for (std::int64_t value : values) result.push_back(value);
  return result;
}

}  // namespace

TEST(a_new_view_is_compact_and_has_its_bytes) {
  const View view = View::empty(DType::int32, dims({2, 3}));
  CHECK(view.compact() && view.writable && view.offset == 0 && view.size() == 6);
  CHECK(view.buffer->bytes() == 24);
  CHECK(View::empty(DType::boolean, dims({0, 5})).buffer->bytes() == 0);
  CHECK(View::empty(DType::float64, dims({})).buffer->bytes() == 8);
}

TEST(memory_that_there_is_not_is_named) {
  const auto make = [](std::int64_t size) {
    return [size] { View::empty(DType::float64, dims({2, size})); };
  };
  CHECK(throws<std::bad_alloc>(make(std::int64_t{1} << 38),
                               "shape (2, 274877906944) and dtype float64: 4398046511104 bytes"));
  CHECK(throws<std::bad_alloc>(make(std::int64_t{1} << 61), "2^64 or more bytes"));
  CHECK(throws<std::invalid_argument>(make(std::int64_t{1} << 62), "more than 2^62"));
}

TEST(restride_stays_inside_and_shares_the_buffer) {
  const View view = View::empty(DType::int32, dims({4, 6}));
  const View last = view.restride(dims({2}), dims({-1}), 23);
  CHECK(last.buffer.get() == view.buffer.get() && last.dtype == DType::int32);
  CHECK(last.data<std::int32_t>() == view.data<std::int32_t>() + 23);
  CHECK(last.bytes() == view.bytes() + 23 * 4);
  CHECK(throws<std::invalid_argument>([&] { view.restride(dims({2}), dims({1}), 23); }, "24"));
  CHECK(view.restride(dims({0}), dims({1}), -1).offset == 0);
  View locked = view;
  locked.writable = false;
  CHECK(!locked.restride(dims({1}), dims({1}), 0).writable);
}

TEST(may_overlap_never_says_no_wrongly) {
  const View base = View::empty(DType::uint8, dims({24}));
  const auto bytes_of = [](const View& view) {
    std::set<const char*> bytes;
    for (std::int64_t i = 0; i < view.shape[0]; ++i)
      bytes.insert(view.bytes() + i * view.strides[0]);
    return bytes;
  };
  int apart = 0, together = 0;
  for (std::int64_t size : {0, 1, 3}) {
    for (std::int64_t stride : {-3, -1, 0, 2}) {
      for (std::int64_t offset : {6, 9, 12, 15}) {
        const View a = base.restride(dims({3}), dims({2}), 8);
        const View b = base.restride(dims({size}), dims({stride}), offset);
        std::set<const char*> all = bytes_of(a);
        const std::set<const char*> other = bytes_of(b);
        const std::size_t sum = all.size() + other.size();
        all.insert(other.begin(), other.end());
        const bool shared = all.size() < sum;
        if (shared) CHECK(needle::may_overlap(a, b) && needle::may_overlap(b, a));
        ++(needle::may_overlap(a, b) ? together : apart);
      }
    }
  }
  CHECK(apart > 20 && together > 5);
  CHECK(!needle::may_overlap(base, View::empty(DType::uint8, dims({24}))));
  const View low = base.restride(dims({8}), dims({1}), 0),
             high = base.restride(dims({8}), dims({1}), 8);
  CHECK(!needle::may_overlap(low, high) && !needle::may_overlap(high, low));
}
