// What all devices check, and the results that they fill.

#include "ops/pool.h"

#include <optional>
#include <stdexcept>
#include <string>

#include "common/errors.h"
#include "ops/floating.h"
#include "ops/pool_kernels.h"

namespace needle {
namespace {

using std::int64_t;

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
  const std::optional<int64_t> wrong = device::wrong_place(places, images[1] * images[2]);
  if (!wrong) return;
  throw std::out_of_range("place " + std::to_string(*wrong) + " is not in images of " +
                          std::to_string(images[1]) + " x " + std::to_string(images[2]));
}

}  // namespace

std::pair<View, View> max_pool2d(const View& x, const Window& window) {
  check_floating("max_pool2d", x);
  const Dims shape = pooled_shape(x.shape, window);
  View y = View::empty(x.dtype, shape), places = View::empty(DType::int64, shape);
  if (y.size() > 0) device::max_pool2d(x, window, y, places);
  return {y, places};
}

View max_pool2d_gather(const View& x, const View& places) {
  check_floating("max_pool2d_gather", x);
  check_places(places, x.shape);
  View y = View::empty(x.dtype, places.shape);
  if (y.size() > 0) device::max_pool2d_gather(x, places, y);
  return y;
}

View max_pool2d_gradient(const View& dy, const View& places, const Dims& shape) {
  check_floating("max_pool2d_gradient", dy);
  check_places(places, shape);
  if (!(dy.shape == places.shape)) {
    throw std::invalid_argument("gradients of shape " + to_string(dy.shape) +
                                " do not fit places of shape " + to_string(places.shape));
  }
  View dx = View::empty(dy.dtype, shape);
  if (dx.size() > 0) device::max_pool2d_gradient(dy, places, dx);
  return dx;
}

View avg_pool2d(const View& x, const Window& window) {
  check_floating("avg_pool2d", x);
  const Dims shape = pooled_shape(x.shape, window);
  View y = View::empty(x.dtype, shape);
  if (y.size() > 0) device::avg_pool2d(x, window, y);
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
  View dx = View::empty(dy.dtype, shape);
  if (dx.size() > 0) device::avg_pool2d_gradient(dy, window, dx);
  return dx;
}

}  // namespace needle
