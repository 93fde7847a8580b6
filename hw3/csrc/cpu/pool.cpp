#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "cpu/parallel.h"
#include "ops/floating.h"
#include "ops/pool_kernels.h"
#include "ops/taps.h"

namespace needle {
namespace {

using std::int64_t;

constexpr int64_t kTaskElements = 1 << 15;  // that are worth a thread

/// Elements of images, in any layout.
template <class T>
struct Pixels {
  T* data;
  Dims strides;

  explicit Pixels(const View& view) : data(view.data<T>()), strides(view.strides) {}

  T* at(int64_t image, int64_t row, int64_t col) const {
    return data + image * strides[0] + row * strides[1] + col * strides[2];
  }
  int64_t step() const { return strides[3]; }
};

void set_to_zero(const View& view) {
  std::fill_n(view.bytes(), static_cast<std::size_t>(view.size()) * item_size(view.dtype), char(0));
}

/// Calls `function(image, row)` for all rows of images of `shape`, shared among threads.
template <class Function>
void for_each_row(const Dims& shape, Function function) {
  const int64_t grain = 1 + kTaskElements / std::max<int64_t>(shape[2] * shape[3], 1);
  parallel_for(shape[0] * shape[1], grain, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) function(line / shape[1], line % shape[1]);
  });
}

/// Calls `function(image)` for all images, shared among threads.
template <class Function>
void for_each_image(const Dims& shape, Function function) {
  const int64_t size = shape[1] * shape[2] * shape[3];
  const int64_t grain = 1 + kTaskElements / std::max<int64_t>(size, 1);
  parallel_for(shape[0], grain, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) function(image);
  });
}

/// Lets one tap compete for the windows of all channels.
template <class T>
void choose_larger(const T* x, int64_t step, int64_t place, int64_t channels, T* y,
                   int64_t* places) {
  for (int64_t c = 0; c < channels; ++c) {
    const T value = x[c * step];
    const bool larger = value > y[c] || (value != value && y[c] == y[c]) || places[c] < 0;
    y[c] = larger ? value : y[c];
    places[c] = larger ? place : places[c];
  }
}

}  // namespace

namespace device {

void max_pool2d(const View& x, const Window& window, const View& y, const View& places) {
  const WindowAxis vertical = axis_of(window, x.shape, 0), across = axis_of(window, x.shape, 1);
  const int64_t width = x.shape[2], channels = x.shape[3];
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Pixels<const T> in(x);
    const Pixels<T> out(y);
    const Pixels<int64_t> numbers(places);
    for_each_row(y.shape, [&](int64_t n, int64_t i) {
      const Taps rows(vertical, i);
      for (int64_t j = 0; j < y.shape[2]; ++j) {
        const Taps cols(across, j);
        T* best = out.at(n, i, j);
        int64_t* chosen = numbers.at(n, i, j);
        std::fill_n(best, channels, -std::numeric_limits<T>::infinity());
        std::fill_n(chosen, channels, int64_t{-1});
        for (int64_t a = rows.first; a < rows.last; ++a) {
          const int64_t row = rows.place + a * window.dilation[0];
          for (int64_t b = cols.first; b < cols.last; ++b) {
            const int64_t col = cols.place + b * window.dilation[1];
            choose_larger(in.at(n, row, col), in.step(), row * width + col, channels, best, chosen);
          }
        }
      }
    });
  });
}

void max_pool2d_gather(const View& x, const View& places, const View& y) {
  const int64_t width = x.shape[2], channels = x.shape[3];
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Pixels<const T> in(x);
    const Pixels<T> out(y);
    const Pixels<const int64_t> numbers(places);
    for_each_row(y.shape, [&](int64_t n, int64_t i) {
      for (int64_t j = 0; j < places.shape[2]; ++j) {
        const int64_t* chosen = numbers.at(n, i, j);
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t place = chosen[c * numbers.step()];
          out.at(n, i, j)[c] =
              place < 0 ? T(0) : in.at(n, place / width, place % width)[c * in.step()];
        }
      }
    });
  });
}

void max_pool2d_gradient(const View& dy, const View& places, const View& dx) {
  set_to_zero(dx);
  if (dy.size() == 0) return;
  const int64_t channels = dx.shape[3];
  visit_floating(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Pixels<const T> in(dy);
    const Pixels<T> out(dx);
    const Pixels<const int64_t> numbers(places);
    for_each_image(dx.shape, [&](int64_t n) {
      T* image = out.at(n, 0, 0);
      for (int64_t i = 0; i < dy.shape[1]; ++i) {
        for (int64_t j = 0; j < dy.shape[2]; ++j) {
          const T* from = in.at(n, i, j);
          const int64_t* chosen = numbers.at(n, i, j);
          for (int64_t c = 0; c < channels; ++c) {
            const int64_t place = chosen[c * numbers.step()];
            if (place >= 0) image[place * channels + c] += from[c * in.step()];
          }
        }
      }
    });
  });
}

void avg_pool2d(const View& x, const Window& window, const View& y) {
  const WindowAxis vertical = axis_of(window, x.shape, 0), across = axis_of(window, x.shape, 1);
  const int64_t channels = x.shape[3];
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T area = static_cast<T>(window.size[0]) * static_cast<T>(window.size[1]);
    const Pixels<const T> in(x);
    const Pixels<T> out(y);
    for_each_row(y.shape, [&](int64_t n, int64_t i) {
      const Taps rows(vertical, i);
      for (int64_t j = 0; j < y.shape[2]; ++j) {
        const Taps cols(across, j);
        T* sum = out.at(n, i, j);
        std::fill_n(sum, channels, T(0));
        for (int64_t a = rows.first; a < rows.last; ++a) {
          for (int64_t b = cols.first; b < cols.last; ++b) {
            const T* from = in.at(n, rows.place + a, cols.place + b);
            for (int64_t c = 0; c < channels; ++c) sum[c] += from[c * in.step()];
          }
        }
        for (int64_t c = 0; c < channels; ++c) sum[c] /= area;
      }
    });
  });
}

void avg_pool2d_gradient(const View& dy, const Window& window, const View& dx) {
  set_to_zero(dx);
  if (dy.size() == 0) return;
  const WindowAxis vertical = axis_of(window, dx.shape, 0), across = axis_of(window, dx.shape, 1);
  const int64_t channels = dx.shape[3];
  visit_floating(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T area = static_cast<T>(window.size[0]) * static_cast<T>(window.size[1]);
    const Pixels<const T> in(dy);
    const Pixels<T> out(dx);
    for_each_image(dx.shape, [&](int64_t n) {
      for (int64_t i = 0; i < dy.shape[1]; ++i) {
        const Taps rows(vertical, i);
        for (int64_t j = 0; j < dy.shape[2]; ++j) {
          const Taps cols(across, j);
          const T* from = in.at(n, i, j);
          for (int64_t a = rows.first; a < rows.last; ++a) {
            for (int64_t b = cols.first; b < cols.last; ++b) {
              T* to = out.at(n, rows.place + a, cols.place + b);
              for (int64_t c = 0; c < channels; ++c) to[c] += from[c * in.step()] / area;
            }
          }
        }
      }
    });
  });
}

std::optional<int64_t> wrong_place(const View& places, int64_t most) {
  const Pixels<const int64_t> numbers(places);
  for (int64_t n = 0; n < places.shape[0]; ++n) {
    for (int64_t i = 0; i < places.shape[1]; ++i) {
      for (int64_t j = 0; j < places.shape[2]; ++j) {
        const int64_t* line = numbers.at(n, i, j);
        for (int64_t c = 0; c < places.shape[3]; ++c) {
          const int64_t place = line[c * numbers.step()];
          if (place < -1 || place >= most) return place;
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace device
}  // namespace needle
