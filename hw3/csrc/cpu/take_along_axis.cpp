// One element of each line for each index there.

#include "common/visit.h"
#include "cpu/lines.h"
#include "cpu/wrapped.h"

namespace needle::device {
namespace {

/// result = the elements of `from`, whose axis `axis` has `size` elements, at the indices there.
template <class T>
void take_lines(const View& result, const View& from, const View& index, int axis,
                std::int64_t size) {
  const Lines<3> lines({&result, &index, &from}, axis);
  const std::int64_t length = result.shape[axis];
  constexpr std::int64_t kGroup = 512;
  lines.for_each_group(kGroup, length, [&](const std::int64_t* offsets, std::int64_t count) {
    T* out = result.data<T>() + offsets[0];
    const std::int64_t* chosen = index.data<std::int64_t>() + offsets[1];
    const T* in = from.data<T>() + offsets[2];
    for (std::int64_t j = 0; j < length; ++j) {
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t place = chosen[j * lines.strides[1] + i * lines.step(1)];
        out[j * lines.strides[0] + i * lines.step(0)] =
            in[wrapped(place, axis, size) * lines.strides[2] + i * lines.step(2)];
      }
    }
  });
}

}  // namespace

void take_along_axis(const View& result, const View& from, const View& index, int axis,
                     std::int64_t size) {
  visit_width(from.dtype, [&]<class T>(T) { take_lines<T>(result, from, index, axis, size); });
}

}  // namespace needle::device
