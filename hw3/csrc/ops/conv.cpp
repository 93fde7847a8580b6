// What all devices check, the results that they fill, and the convolutions that need no kernel of
// their own.

#include "ops/conv.h"

#include <cstdint>
#include <stdexcept>
#include <string>

#include "ops/conv_kernels.h"
#include "ops/floating.h"
#include "ops/matmul.h"

namespace needle {
namespace {

using std::int64_t;

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

}  // namespace

View conv2d(const View& x, const View& w, const Convolution& convolution) {
  check_floating("conv2d", x, w);
  const Dims shape = check_shapes(x.shape, w.shape, convolution);
  if (is_product(w.shape, convolution)) {
    return matmul(strided(x, shape, convolution), matrix(w, false));
  }
  const View y = View::empty(x.dtype, shape);
  if (y.size() > 0) device::conv2d(x, w, convolution, y);
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
  if (dx.size() > 0) device::conv2d_input_gradient(dy, w, convolution, dx);
  return dx;
}

View conv2d_weight_gradient(const View& x, const View& dy, const Dims& shape,
                            const Convolution& convolution) {
  check_floating("conv2d_weight_gradient", x, dy);
  check_gradient(dy.shape, x.shape, shape, convolution);
  const View dw = View::empty(x.dtype, shape);
  if (dw.size() > 0) device::conv2d_weight_gradient(x, dy, convolution, dw);
  return dw;
}

}  // namespace needle
