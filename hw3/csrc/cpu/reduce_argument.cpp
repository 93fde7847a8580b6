// The largest value of each line is found at the speed of a reduction; then the line is searched
// for it, which ends at the first place.

#include <algorithm>

#include "common/visit.h"
#include "cpu/lines.h"
#include "ops/reduce.h"
#include "ops/reduce_kernels.h"

namespace needle {
namespace {

constexpr std::int64_t kGroup = 512;  // lines that are searched at once

template <class T>
bool same(T a, T b) {
  return a == b || (a != a && b != b);  // a nan is where a nan is
}

/// The first place of `value` in a line that has it.
template <class T>
std::int64_t find(const T* line, std::int64_t size, std::int64_t stride, T value) {
  constexpr std::int64_t kBlock = 64;  // compared without a branch
  std::int64_t begin = 0;
  for (; begin + kBlock <= size; begin += kBlock) {
    bool found = false;
    if (stride == 1) {
      for (std::int64_t j = 0; j < kBlock; ++j) found |= same(line[begin + j], value);
    } else {
      for (std::int64_t j = 0; j < kBlock; ++j) found |= same(line[(begin + j) * stride], value);
    }
    if (found) break;
  }
  while (begin < size - 1 && !same(line[begin * stride], value)) ++begin;
  return begin;
}

/// The first place of values[i] in line i, for lines that lie side by side.
template <class T>
void find_across(const T* data, std::int64_t lines, std::int64_t step, std::int64_t size,
                 std::int64_t stride, const T* values, std::int64_t* places) {
  for (std::int64_t j = size - 1; j >= 0; --j) {
    const T* row = data + j * stride;
    if (step == 1) {
      for (std::int64_t i = 0; i < lines; ++i) places[i] = same(row[i], values[i]) ? j : places[i];
    } else {
      for (std::int64_t i = 0; i < lines; ++i) {
        places[i] = same(row[i * step], values[i]) ? j : places[i];
      }
    }
  }
}

template <class T>
void find_all(const View& a, int axis, const View& best, const View& result) {
  const Lines<2> lines({&result, &a}, axis);
  const std::int64_t size = a.shape[axis], stride = lines.strides[1];
  const std::int64_t step = lines.step(1), out_step = lines.step(0);
  lines.for_each_group(kGroup, size, [&](const std::int64_t* offsets, std::int64_t count) {
    const T* data = a.data<T>() + offsets[1];
    T values[kGroup];
    std::int64_t places[kGroup] = {};
    for (std::int64_t i = 0; i < count; ++i) values[i] = best.data<T>()[offsets[0] + i * out_step];
    if (count == 1 || std::abs(stride) <= std::abs(step)) {
      for (std::int64_t i = 0; i < count; ++i) {
        places[i] = find(data + i * step, size, stride, values[i]);
      }
    } else {
      find_across(data, count, step, size, stride, values, places);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      result.data<std::int64_t>()[offsets[0] + i * out_step] = places[i];
    }
  });
}

}  // namespace

void device::argument(Reduction op, const View& a, int axis, const View& result) {
  const View best = needle::reduce(op, a, Dims(1, axis), true);
  visit(a.dtype, [&]<class T>(T) { find_all<T>(a, axis, best, result); });
}

}  // namespace needle
