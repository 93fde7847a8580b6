// Convolution without the matrix that it is a product with: blocks of its rows are made where they
// are needed, and given to the inner loops of the matrix product.
//
//   y  = patches(x) w       a row for each output, a column for each tap and channel
//   dx = patches(dy) w^T    in phases, see conv_plan.h
//   dw = patches(x)^T dy
//
// For the matrix, see K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural
// networks for document processing" (2006).

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "cpu/conv_correlate.h"
#include "cpu/conv_gradient.h"
#include "ops/conv_kernels.h"
#include "ops/floating.h"
#include "ops/movement.h"

namespace needle {
namespace {

using std::int64_t;

constexpr int64_t kChunkElements = 1 << 20;  // of images that are rearranged at once

/// Whether the channels of images are neighbours.
bool has_neighbours(const View& x) {
  return x.shape[3] == 1 || x.strides[3] == 1;
}

/// Images `begin` to `end` - 1. If `rearrange`, their channels become neighbours: each image is
/// read for many taps, and is then read in the order in which it lies.
View image_chunk(const View& x, int64_t begin, int64_t end, bool rearrange) {
  View chunk = x;
  chunk.offset += begin * x.strides[0];
  chunk.shape[0] = end - begin;
  return rearrange ? copy(chunk) : chunk;
}

/// Calls `function(begin, end)` for chunks of a batch of images of `size` elements: for all of it
/// unless they are rearranged.
template <class Function>
void for_each_chunk(int64_t batch, int64_t size, bool rearrange, Function function) {
  const int64_t fit = kChunkElements / std::max<int64_t>(size, 1);
  const int64_t step = rearrange ? std::clamp<int64_t>(fit, 1, batch) : batch;
  for (int64_t begin = 0; begin < batch; begin += step) {
    function(begin, std::min(begin + step, batch));
  }
}

template <class T>
Images<T> group_images(const View& x, int64_t group, int64_t groups) {
  const int64_t channels = x.shape[3] / groups;
  return {x.data<T>() + group * channels * x.strides[3],
          x.strides[0],
          x.strides[1],
          x.strides[2],
          x.strides[3],
          channels};
}

/// The part of a batch from image `begin` on.
template <class T>
Results<T> group_results(const View& y, int64_t begin, int64_t group, int64_t groups) {
  const int64_t channels = y.shape[3] / groups;
  return {y.data<T>() + begin * y.strides[0] + group * channels, y.strides[0], y.strides[1],
          y.strides[2], channels};
}

/// The filters of a group; if `turned`, from results to images.
template <class T>
Filters<T> group_filters(const View& w, int64_t group, int64_t groups, bool turned) {
  const Dims& s = w.strides;
  const int64_t in = w.shape[2], out = w.shape[3] / groups;
  const T* data = w.data<T>() + group * out * s[3];
  if (turned) return {data, s[0], s[1], s[3], s[2], out, in};
  return {data, s[0], s[1], s[2], s[3], in, out};
}

/// Correlates all groups of all images.
void correlate_all(const View& x, const View& w, bool turned, const std::vector<Phase>& rows,
                   const std::vector<Phase>& cols, int64_t groups, const View& y) {
  const bool directly = reads_directly(x.shape[3] / groups, rows, cols);
  const bool rearrange = !directly && !has_neighbours(x);
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t g = 0; g < groups; ++g) {
      const PackedFilters<T> filters(conv_kernels<T>().matmul,
                                     group_filters<T>(w, g, groups, turned), rows, cols);
      for_each_chunk(x.shape[0], x.size() / x.shape[0], rearrange, [&](int64_t begin, int64_t end) {
        const View chunk = image_chunk(x, begin, end, rearrange);
        const auto run = directly ? &correlate_directly<T> : &correlate<T>;
        run(group_images<T>(chunk, g, groups), filters, rows, cols, end - begin,
            group_results<T>(y, begin, g, groups));
      });
    }
  });
}

}  // namespace

namespace device {

void conv2d(const View& x, const View& w, const Convolution& convolution, const View& y) {
  const auto rows = forward_phases(make_axis(x.shape, w.shape, y.shape, convolution, 0));
  const auto cols = forward_phases(make_axis(x.shape, w.shape, y.shape, convolution, 1));
  correlate_all(x, w, false, rows, cols, convolution.groups, y);
}

void conv2d_input_gradient(const View& dy, const View& w, const Convolution& convolution,
                           const View& dx) {
  const auto rows = backward_phases(make_axis(dx.shape, w.shape, dy.shape, convolution, 0));
  const auto cols = backward_phases(make_axis(dx.shape, w.shape, dy.shape, convolution, 1));
  correlate_all(dy, w, true, rows, cols, convolution.groups, dx);
}

void conv2d_weight_gradient(const View& x, const View& dy, const Convolution& convolution,
                            const View& dw) {
  std::fill_n(dw.bytes(), static_cast<std::size_t>(dw.size()) * item_size(dw.dtype), char(0));
  if (dy.size() == 0) return;
  const Dims& shape = dw.shape;
  const auto rows = forward_phases(make_axis(x.shape, shape, dy.shape, convolution, 0));
  const auto cols = forward_phases(make_axis(x.shape, shape, dy.shape, convolution, 1));
  const int64_t groups = convolution.groups;
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const int64_t size = std::max(x.size(), dy.size()) / x.shape[0];
    const bool rearrange_x = !has_neighbours(x) && !reads_directly(x.shape[3] / groups, rows, cols);
    const bool rearrange_dy = !has_neighbours(dy);
    for_each_chunk(x.shape[0], size, rearrange_x || rearrange_dy, [&](int64_t begin, int64_t end) {
      const View images = image_chunk(x, begin, end, rearrange_x);
      const View gradients = image_chunk(dy, begin, end, rearrange_dy);
      for (int64_t g = 0; g < groups; ++g) {
        const FilterSums<T> sums = {dw.data<T>() + g * (shape[3] / groups), dw.strides[0],
                                    dw.strides[1], dw.strides[2]};
        correlate_gradients(group_images<T>(images, g, groups),
                            group_images<T>(gradients, g, groups), rows, cols, end - begin,
                            shape[0] * shape[1], sums);
      }
    });
  });
}

}  // namespace device
}  // namespace needle
