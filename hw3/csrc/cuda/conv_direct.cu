// Convolutions of small groups, as they are defined: a thread for each number of the result. Among
// neighbours channels follow each other, so that they read whole lines.

#include <algorithm>

#include "cuda/conv.h"
#include "cuda/images.h"
#include "cuda/launch.h"
#include "ops/floating.h"
#include "ops/taps.h"

namespace needle::cuda {
namespace {

using std::int64_t;
using std::uint32_t;

/// The axes of the filters, and how they lie on images.
struct Windows {
  WindowAxis rows, cols;
  uint32_t channels, filters;  // of a group
  int64_t all_filters;

  Windows(const Convolution& convolution, const Dims& weights, const Dims& images)
      : channels(static_cast<uint32_t>(weights[2])),
        filters(static_cast<uint32_t>(weights[3] / convolution.groups)),
        all_filters(weights[3]) {
    Dims size(2, weights[0]);
    size[1] = weights[1];
    const Window window = {size, convolution.stride, convolution.padding, convolution.dilation};
    rows = axis_of(window, images, 0);
    cols = axis_of(window, images, 1);
  }

  /// Where the filters of a tap and channel begin.
  __device__ int64_t line(int64_t row, int64_t col, int64_t channel) const {
    return ((row * cols.size + col) * channels + channel) * all_filters;
  }
};

// Four blocks to a multiprocessor: for more of them, sm_80 would spill registers of double.
template <class T>
__global__ void __launch_bounds__(kThreads, 4)
    direct_kernel(T* y, uint32_t count, ImagePlaces outputs, Pixels<const T> x, const T* w,
                  Windows windows) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = outputs.at(number);
  const Taps rows(windows.rows, at.row), cols(windows.cols, at.col);
  const uint32_t group = static_cast<uint32_t>(at.channel) / windows.filters;
  const int64_t first = int64_t{group} * windows.channels * x.channel_stride;
  T sum = 0;
  for (int64_t a = rows.first; a < rows.last; ++a) {
    for (int64_t b = cols.first; b < cols.last; ++b) {
      const T* from = x.at(at.image, rows.place + a * windows.rows.dilation,
                           cols.place + b * windows.cols.dilation) +
                      first;
      const T* filter = w + windows.line(a, b, 0) + at.channel;
      for (uint32_t c = 0; c < windows.channels; ++c) {
        sum += from[c * x.channel_stride] * filter[c * windows.all_filters];
      }
    }
  }
  y[number] = sum;
}

/// The window whose tap lies at a place, if there is one: its number, or -1.
__device__ int64_t window_at(const WindowAxis& axis, int64_t place, int64_t tap, int64_t windows) {
  const int64_t from = place + axis.padding - tap * axis.dilation;  // below 2^32
  if (from < 0) return -1;
  const auto stride = static_cast<uint32_t>(axis.stride);
  const uint32_t number = static_cast<uint32_t>(from) / stride;
  const bool meets = number * stride == static_cast<uint32_t>(from) && number < windows;
  return meets ? int64_t{number} : -1;
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    direct_back_kernel(T* dx, uint32_t count, ImagePlaces pixels, Pixels<const T> dy,
                       int64_t out_rows, int64_t out_cols, const T* w, Windows windows) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = pixels.at(number);
  const uint32_t group = static_cast<uint32_t>(at.channel) / windows.channels;
  const uint32_t channel = static_cast<uint32_t>(at.channel) - group * windows.channels;
  const int64_t first = int64_t{group} * windows.filters;
  T sum = 0;
  for (int64_t a = 0; a < windows.rows.size; ++a) {
    const int64_t i = window_at(windows.rows, at.row, a, out_rows);
    if (i < 0) continue;
    for (int64_t b = 0; b < windows.cols.size; ++b) {
      const int64_t j = window_at(windows.cols, at.col, b, out_cols);
      if (j < 0) continue;
      const T* from = dy.at(at.image, i, j) + first * dy.channel_stride;
      const T* filter = w + windows.line(a, b, channel) + first;
      for (uint32_t k = 0; k < windows.filters; ++k) {
        sum += from[k * dy.channel_stride] * filter[k];
      }
    }
  }
  dx[number] = sum;
}

constexpr int kSlices = 8;  // of the pixels, within a block

/// Sums over the pixels `begin` to `end` - 1: a warp for the filters next to each other of one tap
/// and channel. The warps of a block share the pixels.
template <class T>
__global__ void __launch_bounds__(kWarp* kSlices)
    direct_filters_kernel(T* dw, Divider filter_blocks, Divider lines, uint32_t part_pixels,
                          uint32_t pixels, ImagePlaces places, Pixels<const T> x,
                          Pixels<const T> dy, Windows windows) {
  __shared__ T sums[kSlices][kWarp];
  const uint32_t unit = filter_blocks.divide(blockIdx.x);
  const uint32_t k = (blockIdx.x - unit * filter_blocks.divisor()) * kWarp + threadIdx.x;
  const uint32_t part = lines.divide(unit), line = unit - part * lines.divisor();
  const uint32_t tap = line / windows.channels, c = line - tap * windows.channels;
  const auto cols = static_cast<uint32_t>(windows.cols.size);
  const int64_t a = tap / cols, b = tap % cols;
  const uint32_t begin = part * part_pixels, rest = pixels - begin;
  const uint32_t end = begin + (rest < part_pixels ? rest : part_pixels);
  T sum = 0;
  if (k < windows.all_filters) {
    const int64_t channel = int64_t{k / windows.filters} * windows.channels + c;
    for (uint32_t pixel = begin + threadIdx.y; pixel < end; pixel += kSlices) {
      const ImagePlace at = places.at(pixel);
      const int64_t row =
          at.row * windows.rows.stride - windows.rows.padding + a * windows.rows.dilation;
      const int64_t col =
          at.col * windows.cols.stride - windows.cols.padding + b * windows.cols.dilation;
      const bool inside =
          row >= 0 && row < windows.rows.image && col >= 0 && col < windows.cols.image;
      if (inside) {
        sum += x.at(at.image, row, col)[channel * x.channel_stride] *
               dy.at(at.image, at.row, at.col)[k * dy.channel_stride];
      }
    }
  }
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y == 0 && k < windows.all_filters) {
    for (int slice = 1; slice < kSlices; ++slice) sum += sums[slice][threadIdx.x];
    dw[unit * windows.all_filters + k] = sum;
  }
}

constexpr int64_t kPartPixels = 1024;  // are worth another sum
constexpr int64_t kMostParts = 64;

/// Row-major, as the kernels read filters.
View row_major(const View& w) {
  return w.compact() ? w : copy(w);
}

}  // namespace

void convolve_directly(const View& x, const View& w, const Convolution& convolution,
                       const View& y) {
  const View in = with_neighbours(x), filters = row_major(w);
  visit_floating(x.dtype, [&]<class T>(T) {
    const int64_t most = images_within(image_size(y));
    for_each_batch_part(y.shape[0], most, [&](int64_t begin, int64_t batch) {
      const View part = some_images(y, begin, batch);
      launch_for("conv2d", direct_kernel<T>, part.size(), part.data<T>(), element_count(part),
                 ImagePlaces(part.shape), Pixels<const T>(some_images(in, begin, batch)),
                 static_cast<const T*>(filters.data<T>()), Windows(convolution, w.shape, x.shape));
    });
  });
}

void convolve_directly_back(const View& dy, const View& w, const Convolution& convolution,
                            const View& dx) {
  const View in = with_neighbours(dy), filters = row_major(w);
  visit_floating(dy.dtype, [&]<class T>(T) {
    const int64_t most = images_within(image_size(dx));
    for_each_batch_part(dx.shape[0], most, [&](int64_t begin, int64_t batch) {
      const View part = some_images(dx, begin, batch);
      launch_for("conv2d_input_gradient", direct_back_kernel<T>, part.size(), part.data<T>(),
                 element_count(part), ImagePlaces(part.shape),
                 Pixels<const T>(some_images(in, begin, batch)), dy.shape[1], dy.shape[2],
                 static_cast<const T*>(filters.data<T>()), Windows(convolution, w.shape, dx.shape));
    });
  });
}

void convolve_directly_filters(const View& x, const View& dy, const Convolution& convolution,
                               const View& dw) {
  const View in = with_neighbours(x), gradients = with_neighbours(dy);
  Dims places = dy.shape;  // a number for each pixel
  places[3] = 1;
  const int64_t pixels = count(places);
  if (pixels > kMostPlaces) {
    throw std::length_error(std::to_string(pixels) +
                            " pixels are beyond the limit of CUDA kernels for groups of few " +
                            "channels, " + std::to_string(kMostPlaces));
  }
  const int64_t parts = std::clamp<int64_t>(pixels / kPartPixels, 1, kMostParts);
  const int64_t lines = dw.shape[0] * dw.shape[1] * dw.shape[2];
  const int64_t filter_blocks = ceil_div(dw.shape[3], kWarp);
  Dims shape(1, parts);
  for (const int64_t size : dw.shape) shape.push_back(size);
  const View sums = parts == 1 ? dw : View::empty(dw.dtype, shape);
  visit_floating(x.dtype, [&]<class T>(T) {
    launch("conv2d_weight_gradient", direct_filters_kernel<T>, {filter_blocks * lines * parts},
           {kWarp, kSlices}, sums.data<T>(), Divider(filter_blocks), Divider(lines),
           static_cast<uint32_t>(ceil_div(pixels, parts)), static_cast<uint32_t>(pixels),
           ImagePlaces(places), Pixels<const T>(in), Pixels<const T>(gradients),
           Windows(convolution, dw.shape, x.shape));
  });
  if (parts > 1) add_parts(sums, dw);
}

}  // namespace needle::cuda
