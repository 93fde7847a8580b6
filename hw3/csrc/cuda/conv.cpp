// Which kernel does which convolution.

#include "cuda/conv.h"

#include "ops/conv_kernels.h"

namespace needle {
namespace {

/// Whether groups are too small for tiles: 64 products for each tap are not a quarter of the
/// smallest step of a tile.
bool are_small(const Dims& filters, const Convolution& convolution) {
  const std::int64_t groups = convolution.groups;
  return groups > 1 && filters[2] * (filters[3] / groups) <= 64;
}

}  // namespace

void device::conv2d(const View& x, const View& w, const Convolution& convolution, const View& y) {
  const bool small = are_small(w.shape, convolution);
  (small ? cuda::convolve_directly : cuda::correlate)(x, w, convolution, y);
}

void device::conv2d_input_gradient(const View& dy, const View& w, const Convolution& convolution,
                                   const View& dx) {
  const bool small = are_small(w.shape, convolution);
  (small ? cuda::convolve_directly_back : cuda::correlate_back)(dy, w, convolution, dx);
}

void device::conv2d_weight_gradient(const View& x, const View& dy, const Convolution& convolution,
                                    const View& dw) {
  const bool small = are_small(dw.shape, convolution);
  (small ? cuda::convolve_directly_filters : cuda::correlate_filters)(x, dy, convolution, dw);
}

}  // namespace needle
