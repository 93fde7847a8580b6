// Convolutions, for Python.

#include "bind/bind.h"
#include "ops/conv.h"

namespace py = pybind11;

namespace needle {
namespace {

/// Convolutions of more than a few elements run without the interpreter's lock.
template <class Work>
View unlocked_for(const View& a, const View& b, Work&& work) {
  return unlocked(8 * (a.size() + b.size()), std::forward<Work>(work));
}

void def_gradient(py::module_& module, const char* name, const char* a, const char* b,
                  View (*function)(const View&, const View&, const Dims&, const Convolution&),
                  const char* text) {
  module.def(
      name,
      [function](const View& left, const View& right, const Dims& shape, const Dims& stride,
                 const Dims& padding, const Dims& dilation, std::int64_t groups) {
        const Convolution convolution = {stride, padding, dilation, groups};
        return unlocked_for(left, right, [&] { return function(left, right, shape, convolution); });
      },
      py::arg(a), py::arg(b), py::arg("shape"), py::arg("stride"), py::arg("padding"),
      py::arg("dilation"), py::arg("groups"), text);
}

}  // namespace

void bind_conv(py::module_& module) {
  module.def(
      "conv2d",
      [](const View& x, const View& w, const Dims& stride, const Dims& padding,
         const Dims& dilation, std::int64_t groups) {
        const Convolution convolution = {stride, padding, dilation, groups};
        return unlocked_for(x, w, [&] { return conv2d(x, w, convolution); });
      },
      py::arg("x"), py::arg("w"), py::arg("stride"), py::arg("padding"), py::arg("dilation"),
      py::arg("groups"),
      "Return the convolution of images (N, H, W, C) with filters (KH, KW, C / groups, K).");
  def_gradient(module, "conv2d_input_gradient", "dy", "w", &conv2d_input_gradient,
               "Return the gradient of images of `shape`, from that of the result.");
  def_gradient(module, "conv2d_weight_gradient", "x", "dy", &conv2d_weight_gradient,
               "Return the gradient of filters of `shape`, from that of the result.");
}

}  // namespace needle
