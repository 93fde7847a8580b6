// Sums and products of everything up to each element: one after the other along a line, side by
// side across lines.

#include <cstdlib>
#include <type_traits>

#include "common/visit.h"
#include "cpu/lines.h"
#include "ops/reduce_kernels.h"

namespace needle {
namespace {

constexpr std::int64_t kGroup = 512;  // lines that are walked side by side

/// Whole numbers are taken together as unsigned ones, which wrap around.
template <class T>
using Total = std::conditional_t<std::is_floating_point_v<T>, T, std::uint64_t>;

struct Add {
  template <class T>
  T operator()(T a, T b) const {
    return a + b;
  }
};

struct Multiply {
  template <class T>
  T operator()(T a, T b) const {
    return a * b;
  }
};

template <class Op, class T>
void accumulate_lines(const View& a, int axis, const View& result) {
  using Out = Total<T>;
  const Lines<2> lines({&result, &a}, axis);
  const std::int64_t size = a.shape[axis];
  const std::int64_t stride = lines.strides[1], out_stride = lines.strides[0];
  const std::int64_t step = lines.step(1), out_step = lines.step(0);
  const bool along = std::abs(stride) <= std::abs(step);
  lines.for_each_group(kGroup, size, [&](const std::int64_t* offsets, std::int64_t count) {
    const T* in = a.data<T>() + offsets[1];
    Out* out = result.data<Out>() + offsets[0];
    for (std::int64_t i = 0; i < count; ++i) out[i * out_step] = Out(in[i * step]);
    if (along || count == 1) {
      for (std::int64_t i = 0; i < count; ++i) {
        Out total = out[i * out_step];
        for (std::int64_t j = 1; j < size; ++j) {
          total = Op()(total, Out(in[i * step + j * stride]));
          out[i * out_step + j * out_stride] = total;
        }
      }
      return;
    }
    for (std::int64_t j = 1; j < size; ++j) {
      const Out* before = out + (j - 1) * out_stride;
      for (std::int64_t i = 0; i < count; ++i) {
        out[j * out_stride + i * out_step] =
            Op()(before[i * out_step], Out(in[j * stride + i * step]));
      }
    }
  });
}

}  // namespace

void device::accumulate(Reduction op, const View& a, int axis, const View& result) {
  visit(a.dtype, [&]<class T>(T) {
    if (op == Reduction::sum) {
      accumulate_lines<Add, T>(a, axis, result);
    } else {
      accumulate_lines<Multiply, T>(a, axis, result);
    }
  });
}

}  // namespace needle
