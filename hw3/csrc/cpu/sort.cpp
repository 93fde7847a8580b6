// Each element becomes an unsigned whole number, its key, such that keys are ordered as elements
// are; pairs of a key and an index are sorted by radix, eight bits at a time, which is stable; the
// indices then say which element goes where.

#include <memory>
#include <type_traits>
#include <utility>

#include "common/sort_keys.h"
#include "common/visit.h"
#include "cpu/lines.h"
#include "ops/sort_kernels.h"

namespace needle {
namespace {

template <class Key, class Index>
struct Entry {
  Key key;
  Index index;
};

template <class E>
void insertion_sort(E* entries, std::int64_t size) {
  for (std::int64_t i = 1; i < size; ++i) {
    const E entry = entries[i];
    std::int64_t j = i;
    for (; j > 0 && entries[j - 1].key > entry.key; --j) entries[j] = entries[j - 1];
    entries[j] = entry;
  }
}

/// Sorts by radix, from the lowest byte to the highest; `other` is room for as many entries.
/// Returns where the sorted ones are.
template <class E>
E* radix_sort(E* entries, E* other, std::int64_t size) {
  constexpr int kBytes = sizeof(entries->key);
  std::int64_t counts[kBytes][256] = {};
  for (std::int64_t i = 0; i < size; ++i) {
    for (int byte = 0; byte < kBytes; ++byte) ++counts[byte][entries[i].key >> 8 * byte & 255];
  }
  for (int byte = 0; byte < kBytes; ++byte) {
    if (counts[byte][entries[0].key >> 8 * byte & 255] == size) continue;  // all have the same
    std::int64_t next = 0;
    for (std::int64_t& place : counts[byte]) next += std::exchange(place, next);
    for (std::int64_t i = 0; i < size; ++i) {
      other[counts[byte][entries[i].key >> 8 * byte & 255]++] = entries[i];
    }
    std::swap(entries, other);
  }
  return entries;
}

/// Calls `write(offset in the result, place in the line, offset in a)` for the elements of every
/// line in their new order.
template <class T, class Index, class Write>
void sort_lines(const View& a, int axis, bool descending, const View& result, const Write& write) {
  using E = Entry<KeyOf<T>, Index>;
  constexpr std::int64_t kInsertion = 32;  // lines up to here are sorted faster without a radix
  constexpr std::int64_t kGroup = 64;      // lines that share their room
  const Lines<2> lines({&result, &a}, axis);
  const std::int64_t size = a.shape[axis], stride = lines.strides[1];
  lines.for_each_group(kGroup, size, [&](const std::int64_t* offsets, std::int64_t count) {
    const std::unique_ptr<E[]> room(new E[2 * size]);
    for (std::int64_t line = 0; line < count; ++line) {
      const std::int64_t in = offsets[1] + line * lines.step(1);
      std::int64_t out = offsets[0] + line * lines.step(0);
      E* entries = room.get();
      for (std::int64_t j = 0; j < size; ++j) {
        const auto key = key_of(a.data<T>()[in + j * stride]);
        entries[j] = {descending ? ~key : key, static_cast<Index>(j)};
      }
      if (size <= kInsertion) {
        insertion_sort(entries, size);
      } else {
        entries = radix_sort(entries, entries + size, size);
      }
      for (std::int64_t j = 0; j < size; ++j, out += lines.strides[0]) {
        const auto place = static_cast<std::int64_t>(entries[j].index);
        write(out, place, in + place * stride);
      }
    }
  });
}

template <class T, class Write>
void sort_typed(const View& a, int axis, bool descending, const View& result, const Write& write) {
  if (a.shape[axis] <= std::int64_t{1} << 32) {
    sort_lines<T, std::uint32_t>(a, axis, descending, result, write);
  } else {
    sort_lines<T, std::uint64_t>(a, axis, descending, result, write);
  }
}

}  // namespace

void device::sort(const View& a, int axis, bool descending, const View& result) {
  visit(a.dtype, [&]<class T>(T) {
    const T* in = a.data<T>();
    T* out = result.data<T>();
    sort_typed<T>(a, axis, descending, result,
                  [=](std::int64_t to, std::int64_t, std::int64_t from) { out[to] = in[from]; });
  });
}

void device::argsort(const View& a, int axis, bool descending, const View& result) {
  std::int64_t* out = result.data<std::int64_t>();
  visit(a.dtype, [&]<class T>(T) {
    sort_typed<T>(a, axis, descending, result,
                  [=](std::int64_t to, std::int64_t place, std::int64_t) { out[to] = place; });
  });
}

}  // namespace needle
