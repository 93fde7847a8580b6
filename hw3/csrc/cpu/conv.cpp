// Convolution without the matrix that it is a product with: blocks of its rows are made where they
// are needed, and given to the inner loops of the matrix product.
//
//   y  = patches(x) w       a row for each output, a column for each tap and channel
//   dx = patches(dy) w^T    in phases, see conv_plan.h
//   dw = patches(x)^T dy
//
// For the matrix, see K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural
// networks for document processing" (2006).

#include "ops/conv.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/errors.h"
#include "cpu/conv_correlate.h"
#include "cpu/conv_gradient.h"
#include "ops/floating.h"
#include "ops/matmul.h"
#include "ops/movement.h"

namespace needle {
namespace {

using std::int64_t;

constexpr int64_t kChunkElements = 1 << 20;  // of images that are rearranged at once

[[noreturn]] void fail(const std::string& message) {
  throw std::invalid_argument(message);
}

/// The shape of the result of a convolution; throws if there is none.
Dims check_shapes(const Dims& images, const Dims& filters, const Convolution& convolution) {
  const int64_t groups = convolution.groups;
  const std::string texts =
      "images of shape " + to_string(images) + " and filters of shape " + to_string(filters);
  if (images.size() != 4 || filters.size() != 4) fail(texts + " do not have 4 axes each");
  count(images);
  count(filters);
  if (groups < 1) fail("groups " + std::to_string(groups) + " is not positive");
  if (images[3] % groups != 0 || images[3] / groups != filters[2] || filters[3] % groups != 0) {
    fail(texts + " do not fit with groups " + std::to_string(groups) + ": channels are " +
         std::to_string(images[3]) + ", filters take " + std::to_string(filters[2]) +
         " and there are " + std::to_string(filters[3]));
  }
  Dims size(2);
  for (int axis = 0; axis < 2; ++axis) size[axis] = filters[axis];
  const Window window = {size, convolution.stride, convolution.padding, convolution.dilation};
  const Dims places = count_windows(window, images[1], images[2]);
  Dims result(4);
  result[0] = images[0];
  result[1] = places[0];
  result[2] = places[1];
  result[3] = filters[3];
  count(result);
  return result;
}

void check_gradient(const Dims& dy, const Dims& images, const Dims& filters,
                    const Convolution& convolution) {
  const Dims expected = check_shapes(images, filters, convolution);
  if (!(dy == expected)) {
    fail("images of shape " + to_string(images) + " and filters of shape " + to_string(filters) +
         " have gradients of shape " + to_string(expected) + ", not " + to_string(dy));
  }
}

Axis make_axis(const Dims& images, const Dims& filters, const Dims& results,
               const Convolution& convolution, int axis) {
  return {images[1 + axis],          filters[axis],
          results[1 + axis],         convolution.stride[axis],
          convolution.padding[axis], convolution.dilation[axis]};
}

View zeros(DType dtype, const Dims& shape) {
  View view = View::empty(dtype, shape);
  std::fill_n(view.bytes(), static_cast<std::size_t>(view.size()) * item_size(dtype), char(0));
  return view;
}

/// Whether a convolution is a product of matrices: of all pixels and the single tap.
bool is_product(const Dims& filters, const Convolution& convolution) {
  return filters[0] == 1 && filters[1] == 1 && convolution.padding == Dims(2, 0) &&
         convolution.groups == 1;
}

/// The pixels that a single tap meets.
View strided(const View& x, const Dims& result, const Convolution& convolution) {
  View view = x;
  for (int axis = 0; axis < 2; ++axis) {
    view.shape[1 + axis] = result[1 + axis];
    view.strides[1 + axis] *= convolution.stride[axis];
  }
  return view;
}

View matrix(const View& w, bool transposed) {
  View view = w;
  for (Dims* dims : {&view.shape, &view.strides}) {
    const int64_t rows = (*dims)[2], cols = (*dims)[3];
    *dims = Dims(2);
    (*dims)[0] = transposed ? cols : rows;
    (*dims)[1] = transposed ? rows : cols;
  }
  return view;
}

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

View conv2d(const View& x, const View& w, const Convolution& convolution) {
  check_floating("conv2d", x, w);
  const Dims shape = check_shapes(x.shape, w.shape, convolution);
  if (is_product(w.shape, convolution)) {
    return matmul(strided(x, shape, convolution), matrix(w, false));
  }
  const View y = View::empty(x.dtype, shape);
  if (y.size() == 0) return y;
  const auto rows = forward_phases(make_axis(x.shape, w.shape, shape, convolution, 0));
  const auto cols = forward_phases(make_axis(x.shape, w.shape, shape, convolution, 1));
  correlate_all(x, w, false, rows, cols, convolution.groups, y);
  return y;
}

View conv2d_input_gradient(const View& dy, const View& w, const Dims& shape,
                           const Convolution& convolution) {
  check_floating("conv2d_input_gradient", dy, w);
  check_gradient(dy.shape, shape, w.shape, convolution);
  if (is_product(w.shape, convolution) && convolution.stride == Dims(2, 1)) {
    return matmul(dy, matrix(w, true));
  }
  const View dx = View::empty(dy.dtype, shape);
  if (dx.size() == 0) return dx;
  const auto rows = backward_phases(make_axis(shape, w.shape, dy.shape, convolution, 0));
  const auto cols = backward_phases(make_axis(shape, w.shape, dy.shape, convolution, 1));
  correlate_all(dy, w, true, rows, cols, convolution.groups, dx);
  return dx;
}

View conv2d_weight_gradient(const View& x, const View& dy, const Dims& shape,
                            const Convolution& convolution) {
  check_floating("conv2d_weight_gradient", x, dy);
  check_gradient(dy.shape, x.shape, shape, convolution);
  View dw = zeros(x.dtype, shape);
  if (dw.size() == 0 || dy.size() == 0) return dw;
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
  return dw;
}

}  // namespace needle
