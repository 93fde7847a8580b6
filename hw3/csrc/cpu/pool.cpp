#include "ops/pool.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "common/errors.h"
#include "cpu/parallel.h"
#include "ops/floating.h"

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

/// The taps of a window, along one axis, that lie inside of the image.
struct Taps {
  int64_t place, first, last;

  Taps(const Window& window, int axis, int64_t number, int64_t image) {
    const int64_t step = window.dilation[axis];
    place = number * window.stride[axis] - window.padding[axis];
    first = place < 0 ? (-place + step - 1) / step : 0;
    last = image > place ? (image - place + step - 1) / step : 0;
    last = std::max(std::min(last, window.size[axis]), first);
  }
};

/// The shape of what is pooled from images.
Dims pooled_shape(const Dims& images, const Window& window) {
  if (images.size() != 4) {
    throw std::invalid_argument("images of shape " + to_string(images) + " do not have 4 axes");
  }
  count(images);
  const Dims places = count_windows(window, images[1], images[2]);
  Dims shape = images;
  shape[1] = places[0];
  shape[2] = places[1];
  count(shape);
  return shape;
}

/// Throws unless all places lie in images of this shape.
void check_places(const View& places, const Dims& images) {
  if (places.dtype != DType::int64) {
    throw TypeError(std::string("places are of dtype int64, not ") + name_of(places.dtype));
  }
  const bool fits = images.size() == 4 && places.ndim() == 4 && places.shape[0] == images[0] &&
                    places.shape[3] == images[3];
  if (!fits) {
    throw std::invalid_argument("places of shape " + to_string(places.shape) +
                                " do not fit images of shape " + to_string(images));
  }
  count(images);
  if (places.size() == 0) return;
  const Pixels<const int64_t> numbers(places);
  const int64_t most = images[1] * images[2];
  for (int64_t n = 0; n < places.shape[0]; ++n) {
    for (int64_t i = 0; i < places.shape[1]; ++i) {
      for (int64_t j = 0; j < places.shape[2]; ++j) {
        const int64_t* line = numbers.at(n, i, j);
        for (int64_t c = 0; c < places.shape[3]; ++c) {
          const int64_t place = line[c * numbers.step()];
          if (place >= -1 && place < most) continue;
          throw std::out_of_range("place " + std::to_string(place) + " is not in images of " +
                                  std::to_string(images[1]) + " x " + std::to_string(images[2]));
        }
      }
    }
  }
}

View zeros(DType dtype, const Dims& shape) {
  View view = View::empty(dtype, shape);
  std::fill_n(view.bytes(), static_cast<std::size_t>(view.size()) * item_size(dtype), char(0));
  return view;
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

std::pair<View, View> max_pool2d(const View& x, const Window& window) {
  check_floating("max_pool2d", x);
  const Dims shape = pooled_shape(x.shape, window);
  View y = View::empty(x.dtype, shape), places = View::empty(DType::int64, shape);
  if (y.size() == 0) return {y, places};
  const int64_t height = x.shape[1], width = x.shape[2], channels = x.shape[3];
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Pixels<const T> in(x);
    const Pixels<T> out(y);
    const Pixels<int64_t> numbers(places);
    for_each_row(shape, [&](int64_t n, int64_t i) {
      const Taps rows(window, 0, i, height);
      for (int64_t j = 0; j < shape[2]; ++j) {
        const Taps cols(window, 1, j, width);
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
  return {y, places};
}

View max_pool2d_gather(const View& x, const View& places) {
  check_floating("max_pool2d_gather", x);
  check_places(places, x.shape);
  View y = View::empty(x.dtype, places.shape);
  if (y.size() == 0) return y;
  const int64_t width = x.shape[2], channels = x.shape[3];
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Pixels<const T> in(x);
    const Pixels<T> out(y);
    const Pixels<const int64_t> numbers(places);
    for_each_row(places.shape, [&](int64_t n, int64_t i) {
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
  return y;
}

View max_pool2d_gradient(const View& dy, const View& places, const Dims& shape) {
  check_floating("max_pool2d_gradient", dy);
  check_places(places, shape);
  if (!(dy.shape == places.shape)) {
    throw std::invalid_argument("gradients of shape " + to_string(dy.shape) +
                                " do not fit places of shape " + to_string(places.shape));
  }
  View dx = zeros(dy.dtype, shape);
  if (dx.size() == 0 || dy.size() == 0) return dx;
  const int64_t channels = shape[3];
  visit_floating(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Pixels<const T> in(dy);
    const Pixels<T> out(dx);
    const Pixels<const int64_t> numbers(places);
    for_each_image(shape, [&](int64_t n) {
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
  return dx;
}

View avg_pool2d(const View& x, const Window& window) {
  check_floating("avg_pool2d", x);
  const Dims shape = pooled_shape(x.shape, window);
  View y = View::empty(x.dtype, shape);
  if (y.size() == 0) return y;
  const int64_t height = x.shape[1], width = x.shape[2], channels = x.shape[3];
  visit_floating(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T area = static_cast<T>(window.size[0]) * static_cast<T>(window.size[1]);
    const Pixels<const T> in(x);
    const Pixels<T> out(y);
    for_each_row(shape, [&](int64_t n, int64_t i) {
      const Taps rows(window, 0, i, height);
      for (int64_t j = 0; j < shape[2]; ++j) {
        const Taps cols(window, 1, j, width);
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
  return y;
}

View avg_pool2d_gradient(const View& dy, const Dims& shape, const Window& window) {
  check_floating("avg_pool2d_gradient", dy);
  const Dims expected = pooled_shape(shape, window);
  if (!(dy.shape == expected)) {
    throw std::invalid_argument("images of shape " + to_string(shape) +
                                " have gradients of shape " + to_string(expected) + ", not " +
                                to_string(dy.shape));
  }
  View dx = zeros(dy.dtype, shape);
  if (dx.size() == 0 || dy.size() == 0) return dx;
  const int64_t channels = shape[3];
  visit_floating(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T area = static_cast<T>(window.size[0]) * static_cast<T>(window.size[1]);
    const Pixels<const T> in(dy);
    const Pixels<T> out(dx);
    for_each_image(shape, [&](int64_t n) {
      for (int64_t i = 0; i < dy.shape[1]; ++i) {
        const Taps rows(window, 0, i, shape[1]);
        for (int64_t j = 0; j < dy.shape[2]; ++j) {
          const Taps cols(window, 1, j, shape[2]);
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
  return dx;
}

}  // namespace needle
