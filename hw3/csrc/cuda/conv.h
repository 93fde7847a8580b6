#pragma once
// The parts of convolutions on CUDA. Operands are as in ops/conv_kernels.h.

#include "ops/conv.h"

namespace needle::cuda {

/// Products of matrices, of which the patches of images are not stored (implicit GEMM): each output
/// is a row of patches times filters.
void correlate(const View& x, const View& w, const Convolution& convolution, const View& y);
void correlate_back(const View& dy, const View& w, const Convolution& convolution, const View& dx);
void correlate_filters(const View& x, const View& dy, const Convolution& convolution,
                       const View& dw);

/// A thread for each number of the result: for groups of few channels and filters, of which a tile
/// of a product would be empty for the most part.
void convolve_directly(const View& x, const View& w, const Convolution& convolution, const View& y);
void convolve_directly_back(const View& dy, const View& w, const Convolution& convolution,
                            const View& dx);
void convolve_directly_filters(const View& x, const View& dy, const Convolution& convolution,
                               const View& dw);

/// Sets `sum` to the sum over the first axis of `parts`, which is one longer, in order.
void add_parts(const View& parts, const View& sum);

}  // namespace needle::cuda
