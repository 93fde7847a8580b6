// Pooling: a thread for each element of the result, or for some channels next to each other, so
// nobody writes what another one does. Windows that overlap meet in the caches.

#include <limits>
#include <type_traits>

#include "cuda/gemm_tile.h"
#include "cuda/images.h"
#include "cuda/launch.h"
#include "cuda/transfer.h"
#include "ops/floating.h"
#include "ops/pool_kernels.h"
#include "ops/taps.h"

namespace needle {
namespace cuda {
namespace {

using std::int64_t;
using std::uint32_t;

template <class T>
constexpr T kLeast = -std::numeric_limits<T>::infinity();

/// The channels of a pixel that a thread works on.
template <int Size, class T>
__device__ Group<T, Size> read_channels(const Pixels<const T>& images, const ImagePlace& at,
                                        int64_t row, int64_t col) {
  return read_group<Size>(images.at(at.image, row, col) +
                          at.channel * Size * images.channel_stride);
}

/// The largest numbers of windows, of some channels next to each other, and where they are.
template <int Size, class T>
__global__ void __launch_bounds__(kThreads)
    max_pool_kernel(T* y, int64_t* places, uint32_t count, ImagePlaces outputs, Pixels<const T> x,
                    WindowAxis vertical, WindowAxis across) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = outputs.at(number);
  const Taps rows(vertical, at.row), cols(across, at.col);
  Group<T, Size> best;
  Group<int64_t, Size> chosen;
#pragma unroll
  for (int c = 0; c < Size; ++c) {
    best.values[c] = kLeast<T>;
    chosen.values[c] = -1;
  }
  for (int64_t a = rows.first; a < rows.last; ++a) {
    const int64_t row = rows.place + a * vertical.dilation;
#pragma unroll 2
    for (int64_t b = cols.first; b < cols.last; ++b) {
      const int64_t col = cols.place + b * across.dilation;
      const auto values = read_channels<Size>(x, at, row, col);
#pragma unroll
      for (int c = 0; c < Size; ++c) {
        const T value = values.values[c], most = best.values[c];
        if (value > most || (value != value && most == most) || chosen.values[c] < 0) {
          best.values[c] = value;
          chosen.values[c] = row * across.image + col;
        }
      }
    }
  }
  write_group(y + int64_t{number} * Size, best);
  write_group(places + int64_t{number} * Size, chosen);
}

template <int Size, class T>
__global__ void __launch_bounds__(kThreads)
    avg_pool_kernel(T* y, uint32_t count, ImagePlaces outputs, Pixels<const T> x,
                    WindowAxis vertical, WindowAxis across, T area) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = outputs.at(number);
  const Taps rows(vertical, at.row), cols(across, at.col);
  Group<T, Size> sum = {};
  for (int64_t a = rows.first; a < rows.last; ++a) {
#pragma unroll 2
    for (int64_t b = cols.first; b < cols.last; ++b) {
      const auto values = read_channels<Size>(x, at, rows.place + a, cols.place + b);
#pragma unroll
      for (int c = 0; c < Size; ++c) sum.values[c] += values.values[c];
    }
  }
#pragma unroll
  for (int c = 0; c < Size; ++c) sum.values[c] /= area;
  write_group(y + int64_t{number} * Size, sum);
}

/// Some windows along an axis.
struct WindowRange {
  int64_t first, last;
};

/// Which windows meet a row or a column.
class Meeting {
 public:
  Meeting(const WindowAxis& axis, int64_t windows)
      : stride_(static_cast<uint32_t>(axis.stride)),
        padding_(static_cast<uint32_t>(axis.padding)),
        size_(static_cast<uint32_t>(axis.size)),
        windows_(windows) {}

  /// For windows without dilation: those that begin at most `size - 1` before.
  __device__ WindowRange windows_of(int64_t place) const {
    const uint32_t at = static_cast<uint32_t>(place) + padding_;  // below 2^32
    const int64_t last = int64_t{at / stride_} + 1;
    const int64_t first = at < size_ ? 0 : int64_t{(at - size_) / stride_} + 1;
    return {first, last < windows_ ? last : windows_};
  }

 private:
  uint32_t stride_, padding_, size_;
  int64_t windows_;
};

/// A pixel gets a share from every window that it lies in, in the order of the windows.
template <int Size, class T>
__global__ void __launch_bounds__(kThreads)
    avg_pool_gradient_kernel(T* dx, uint32_t count, ImagePlaces pixels, Pixels<const T> dy,
                             Meeting vertical, Meeting across, T area) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = pixels.at(number);
  const WindowRange rows = vertical.windows_of(at.row), cols = across.windows_of(at.col);
  Group<T, Size> sum = {};
  for (int64_t i = rows.first; i < rows.last; ++i) {
#pragma unroll 2
    for (int64_t j = cols.first; j < cols.last; ++j) {
      const auto values = read_channels<Size>(dy, at, i, j);
#pragma unroll
      for (int c = 0; c < Size; ++c) sum.values[c] += values.values[c] / area;
    }
  }
  write_group(dx + int64_t{number} * Size, sum);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    gather_kernel(T* y, uint32_t count, ImagePlaces outputs, Pixels<const T> x,
                  Pixels<const int64_t> places) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = outputs.at(number);
  const int64_t place = places.at(at.image, at.row, at.col)[at.channel * places.channel_stride];
  y[number] = place < 0 ? T(0) : x.at(at.image, 0, place)[at.channel * x.channel_stride];
}

/// Sets `first` to the least number of a place that is not one of -1 ... most - 1.
__global__ void __launch_bounds__(kThreads)
    check_places_kernel(unsigned long long* first, uint32_t count, ImagePlaces numbers,
                        Pixels<const int64_t> places, int64_t most) {
  const uint32_t number = own_number();
  if (number >= count) return;
  const ImagePlace at = numbers.at(number);
  const int64_t place = places.at(at.image, at.row, at.col)[at.channel * places.channel_stride];
  if (place < -1 || place >= most) atomicMin(first, static_cast<unsigned long long>(number));
}

/// Some images, and what becomes of them: `count` groups of channels.
template <class T>
struct Part {
  int64_t begin, batch;
  Pixels<const T> in;
  T* out;
  uint32_t count;
  ImagePlaces places;
};

/// Calls `work(part, size)` for the parts of a batch, where threads have groups of `size` channels:
/// 16 bytes where both sides can be moved so, as two loads of 4 bytes are too few to keep memory
/// busy.
template <class Work>
void for_each_image_part(const View& in, const View& out, const Work& work) {
  visit_floating(out.dtype, [&]<class T>(T) {
    const auto with_size = [&]<int kSize>(std::integral_constant<int, kSize> size) {
      for_each_batch_part(
          out.shape[0], images_within(image_size(out)), [&](int64_t begin, int64_t batch) {
            const View to = some_images(out, begin, batch);
            work(Part<T>{begin, batch, Pixels<const T>(some_images(in, begin, batch)), to.data<T>(),
                         element_count(to) / kSize, ImagePlaces(to.shape, kSize)},
                 size);
          });
    };
    constexpr int kSize = kVector<T>;
    if (in_groups<T>(in, out.shape[3], kSize)) {
      with_size(std::integral_constant<int, kSize>());
    } else {
      with_size(std::integral_constant<int, 1>());
    }
  });
}

template <class T>
T area_of(const Window& window) {
  return static_cast<T>(window.size[0]) * static_cast<T>(window.size[1]);
}

}  // namespace
}  // namespace cuda

namespace device {

using namespace cuda;
using std::int64_t;

void max_pool2d(const View& x, const Window& window, const View& y, const View& places) {
  const View in = with_neighbours(x);
  for_each_image_part(
      in, y, [&]<int kSize, class T>(const Part<T>& part, std::integral_constant<int, kSize>) {
        const View numbers = some_images(places, part.begin, part.batch);
        launch_for("max_pool2d", max_pool_kernel<kSize, T>, part.count, part.out,
                   numbers.data<int64_t>(), part.count, part.places, part.in,
                   axis_of(window, x.shape, 0), axis_of(window, x.shape, 1));
      });
}

void avg_pool2d(const View& x, const Window& window, const View& y) {
  const View in = with_neighbours(x);
  for_each_image_part(
      in, y, [&]<int kSize, class T>(const Part<T>& part, std::integral_constant<int, kSize>) {
        launch_for("avg_pool2d", avg_pool_kernel<kSize, T>, part.count, part.out, part.count,
                   part.places, part.in, axis_of(window, x.shape, 0), axis_of(window, x.shape, 1),
                   area_of<T>(window));
      });
}

void avg_pool2d_gradient(const View& dy, const Window& window, const View& dx) {
  const View in = with_neighbours(dy);
  const Meeting rows(axis_of(window, dx.shape, 0), dy.shape[1]);
  const Meeting cols(axis_of(window, dx.shape, 1), dy.shape[2]);
  for_each_image_part(
      in, dx, [&]<int kSize, class T>(const Part<T>& part, std::integral_constant<int, kSize>) {
        launch_for("avg_pool2d_gradient", avg_pool_gradient_kernel<kSize, T>, part.count, part.out,
                   part.count, part.places, part.in, rows, cols, area_of<T>(window));
      });
}

void max_pool2d_gather(const View& x, const View& places, const View& y) {
  // Places are counted along whole images: their rows must follow each other.
  const View in = x.strides[1] == x.shape[2] * x.strides[2] ? with_neighbours(x) : copy(x);
  visit_floating(x.dtype, [&]<class T>(T) {
    for_each_batch_part(y.shape[0], images_within(image_size(y)),
                        [&](int64_t begin, int64_t batch) {
                          const View part = some_images(y, begin, batch);
                          launch_for("max_pool2d_gather", gather_kernel<T>, part.size(),
                                     part.data<T>(), element_count(part), ImagePlaces(part.shape),
                                     Pixels<const T>(some_images(in, begin, batch)),
                                     Pixels<const int64_t>(some_images(places, begin, batch)));
                        });
  });
}

std::optional<int64_t> wrong_place(const View& places, std::int64_t most) {
  constexpr unsigned long long kNone = ~0ull;
  const View first = View::empty(DType::int64, Dims(1, 1));
  auto* const data = first.data<unsigned long long>();
  std::optional<int64_t> wrong;
  for_each_batch_part(
      places.shape[0], images_within(image_size(places)), [&](int64_t begin, int64_t batch) {
        if (wrong) return;
        const View part = some_images(places, begin, batch);
        NEEDLE_CUDA_CHECK(cudaMemsetAsync(data, 0xff, sizeof(*data), stream()));
        launch_for("check_places", check_places_kernel, part.size(), data, element_count(part),
                   ImagePlaces(part.shape), Pixels<const int64_t>(part), most);
        const unsigned long long number = fetch(data);
        if (number == kNone) return;
        const ImagePlace at = ImagePlaces(part.shape).at(static_cast<std::uint32_t>(number));
        const Pixels<const int64_t> pixels(part);
        wrong = fetch(pixels.at(at.image, at.row, at.col) + at.channel * pixels.channel_stride);
      });
  return wrong;
}

}  // namespace device
}  // namespace needle
