// Pooling, for Python.

#include "bind/bind.h"
#include "ops/pool.h"

namespace py = pybind11;

namespace needle {

void bind_pool(py::module_& module) {
  module.def(
      "max_pool2d",
      [](const View& x, const Dims& size, const Dims& stride, const Dims& padding,
         const Dims& dilation) {
        const Window window = {size, stride, padding, dilation};
        auto [y, places] = unlocked(x, [&] { return max_pool2d(x, window); });
        return py::make_tuple(std::move(y), std::move(places));
      },
      py::arg("x"), py::arg("size"), py::arg("stride"), py::arg("padding"), py::arg("dilation"),
      "Return the largest element of each window of images (N, H, W, C), and its place.");
  module.def(
      "max_pool2d_gather",
      [](const View& x, const View& places) {
        return unlocked(places, [&] { return max_pool2d_gather(x, places); });
      },
      py::arg("x"), py::arg("places"), "Return the elements of images at places.");
  module.def(
      "max_pool2d_gradient",
      [](const View& dy, const View& places, const Dims& shape) {
        return unlocked(dy, [&] { return max_pool2d_gradient(dy, places, shape); });
      },
      py::arg("dy"), py::arg("places"), py::arg("shape"),
      "Return images of `shape` with the elements of `dy` added at their places.");
  module.def(
      "avg_pool2d",
      [](const View& x, const Dims& size, const Dims& stride, const Dims& padding) {
        const Window window = {size, stride, padding, Dims(2, 1)};
        return unlocked(x, [&] { return avg_pool2d(x, window); });
      },
      py::arg("x"), py::arg("size"), py::arg("stride"), py::arg("padding"),
      "Return the mean of each window of images (N, H, W, C).");
  module.def(
      "avg_pool2d_gradient",
      [](const View& dy, const Dims& shape, const Dims& size, const Dims& stride,
         const Dims& padding) {
        const Window window = {size, stride, padding, Dims(2, 1)};
        return unlocked(dy, [&] { return avg_pool2d_gradient(dy, shape, window); });
      },
      py::arg("dy"), py::arg("shape"), py::arg("size"), py::arg("stride"), py::arg("padding"),
      "Return images of `shape`: every element of `dy` shared out among its window.");
}

}  // namespace needle
