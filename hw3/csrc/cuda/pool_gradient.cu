// The gradient of max pooling, for places that can be any. Several windows may have chosen one
// pixel, and must be added in the same order each time, so no window adds by itself. Instead
//
//   1. each window puts itself on the list of its pixel: lists have a head for each pixel, and each
//      window knows the next one. The order in a list is that in which threads happened to come.
//   2. each pixel adds up its list in the order of the windows' numbers.
//
// Lists are short: where windows do not overlap, none has more than one member.

#include <algorithm>

#include "cuda/images.h"
#include "cuda/launch.h"
#include "ops/floating.h"
#include "ops/pool_kernels.h"

namespace needle {
namespace cuda {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint32_t;

constexpr int32_t kEnd = -1;   // of a list
constexpr int kLongList = 32;  // for which all windows are looked at, in order
constexpr int32_t kNobody = 0x7fffffff;

__global__ void __launch_bounds__(kThreads)
    link_kernel(int32_t* heads, int32_t* next, uint32_t count, ImagePlaces windows,
                Pixels<const int64_t> places, int64_t pixels, int64_t channels) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = windows.at(number);
  const int64_t place = places.at(at.image, at.row, at.col)[at.channel * places.channel_stride];
  if (place < 0) return;
  int32_t* head = heads + (at.image * pixels + place) * channels + at.channel;
  next[number] = atomicExch(head, static_cast<int32_t>(number));
}

/// Windows with what they hand back.
template <class T>
struct Handed {
  Pixels<const T> dy;
  ImagePlaces windows;
  const int32_t* next;
  int64_t each;  // windows of an image, of one channel
  int64_t channels;

  __device__ T of(int64_t number) const {
    const ImagePlace at = windows.at(static_cast<uint32_t>(number));
    return dy.at(at.image, at.row, at.col)[at.channel * dy.channel_stride];
  }

  /// Adds up a list: always the least of the numbers that are above the last one.
  __device__ T add_list(int32_t head) const {
    T sum = 0;
    for (int32_t last = -1;;) {
      int32_t least = kNobody;
      for (int32_t member = head; member != kEnd; member = next[member]) {
        if (member > last && member < least) least = member;
      }
      if (least == kNobody) return sum;
      sum += of(least);
      last = least;
    }
  }

  /// The same by a look at all windows.
  __device__ T add_all(const Pixels<const int64_t>& places, const ImagePlace& pixel,
                       int64_t place) const {
    T sum = 0;
    const int64_t first = pixel.image * each * channels + pixel.channel;
    for (int64_t window = 0; window < each; ++window) {
      const int64_t number = first + window * channels;
      const ImagePlace at = windows.at(static_cast<uint32_t>(number));
      if (places.at(at.image, at.row, at.col)[at.channel * places.channel_stride] == place) {
        sum += of(number);
      }
    }
    return sum;
  }
};

/// The sum of more than one window.
template <class T>
__device__ T add_several(int32_t head, uint32_t pixel, const ImagePlaces& pixels, int64_t width,
                         const Handed<T>& handed, const Pixels<const int64_t>& places) {
  int length = 0;
  for (int32_t member = head; member != kEnd && length <= kLongList; member = handed.next[member]) {
    ++length;
  }
  if (length <= kLongList) return handed.add_list(head);
  const ImagePlace at = pixels.at(pixel);
  return handed.add_all(places, at, at.row * width + at.col);
}

constexpr int kOwn = 4;  // pixels of a thread, whose loads do not wait for each other

template <class T>
__global__ void __launch_bounds__(kThreads)
    add_lists_kernel(T* dx, const int32_t* heads, uint32_t count, ImagePlaces pixels, int64_t width,
                     Handed<T> handed, Pixels<const int64_t> places) {
  const uint32_t own = blockIdx.x * (kThreads * kOwn) + threadIdx.x;
  int32_t first[kOwn], second[kOwn];
  T sums[kOwn];
#pragma unroll
  for (int k = 0; k < kOwn; ++k) {
    const uint32_t number = own + k * kThreads;
    first[k] = number < count ? heads[number] : kEnd;
  }
#pragma unroll
  for (int k = 0; k < kOwn; ++k) {
    second[k] = first[k] != kEnd ? handed.next[first[k]] : kEnd;
    sums[k] = first[k] != kEnd ? T(0) + handed.of(first[k]) : T(0);
  }
#pragma unroll
  for (int k = 0; k < kOwn; ++k) {
    const uint32_t number = own + k * kThreads;
    if (number >= count) continue;
    dx[number] =
        second[k] == kEnd ? sums[k] : add_several(first[k], number, pixels, width, handed, places);
  }
}

template <class T>
void add_to_images(const View& dy, const View& places, const View& dx) {
  const View heads = View::empty(DType::int32, dx.shape),
             next = View::empty(DType::int32, dy.shape);
  const auto bytes = static_cast<std::size_t>(dx.size()) * sizeof(int32_t);
  NEEDLE_CUDA_CHECK(cudaMemsetAsync(heads.bytes(), 0xff, bytes, stream()));  // kEnd everywhere
  const int64_t pixels = dx.shape[1] * dx.shape[2], channels = dx.shape[3];
  const ImagePlaces windows(dy.shape);
  const Pixels<const int64_t> chosen(places);
  launch_for("max_pool2d_gradient", link_kernel, dy.size(), heads.data<int32_t>(),
             next.data<int32_t>(), element_count(dy), windows, chosen, pixels, channels);
  const Handed<T> handed = {Pixels<const T>(dy), windows, next.data<int32_t>(),
                            dy.shape[1] * dy.shape[2], channels};
  launch("max_pool2d_gradient", add_lists_kernel<T>, {ceil_div(dx.size(), kThreads * kOwn)},
         {kThreads}, dx.data<T>(), static_cast<const int32_t*>(heads.data<int32_t>()),
         element_count(dx), ImagePlaces(dx.shape), dx.shape[2], handed, chosen);
}

}  // namespace
}  // namespace cuda

void device::max_pool2d_gradient(const View& dy, const View& places, const View& dx) {
  using namespace cuda;
  using std::int64_t;
  const View from = with_neighbours(dy), chosen = with_neighbours(places);
  const int64_t most = images_within(std::max(image_size(dx), image_size(dy)));
  visit_floating(dy.dtype, [&]<class T>(T) {
    for_each_batch_part(dx.shape[0], most, [&](int64_t begin, int64_t batch) {
      add_to_images<T>(some_images(from, begin, batch), some_images(chosen, begin, batch),
                       some_images(dx, begin, batch));
    });
  });
}

}  // namespace needle
