#pragma once
// Sums of inputs times filters: y = patches(x) w, and dx = patches(dy) w^T.

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "cpu/conv_blocks.h"
#include "cpu/conv_filters.h"
#include "cpu/conv_kernels.h"
#include "cpu/isa.h"
#include "cpu/parallel.h"

namespace needle {

/// The inner loops for an instruction set.
template <class T>
struct Kernels {
  const MatmulKernels<T>& matmul;
  const ConvKernels<T>& conv;

  int tile_rows() const { return matmul.tile_rows; }
  int tile_cols() const { return matmul.tile_cols; }
  /// How many outputs have their filters in the second cache: whole panels.
  std::int64_t block_cols() const { return kBlockCols / tile_cols() * tile_cols(); }
};

template <class T>
Kernels<T> conv_kernels() {
  const MatmulTable& matmul = NEEDLE_CHOOSE(matmul_table);
  const ConvTable& conv = NEEDLE_CHOOSE(conv_table);
  if constexpr (std::is_same_v<T, float>) {
    return {matmul.float32, conv.float32};
  } else {
    return {matmul.float64, conv.float64};
  }
}

/// Images that are written, whose channels are neighbours.
template <class T>
struct Results {
  T* data;
  std::int64_t batch_stride, row_stride, col_stride;
  std::int64_t channels;

  T* at(const Region& region, std::int64_t image, std::int64_t i, std::int64_t j) const {
    const Phase &rows = *region.row_phase, &cols = *region.col_phase;
    return data + image * batch_stride +
           (rows.out_begin + (region.rows.begin + i) * rows.out_step) * row_stride +
           (cols.out_begin + (region.cols.begin + j) * cols.out_step) * col_stride;
  }

  /// The distance of the outputs of a region if it is always the same, otherwise 0.
  std::int64_t pixel_stride(const Region& region) const {
    const std::int64_t counts[3] = {region.cols.count, region.rows.count, region.batch};
    const std::int64_t steps[3] = {region.col_phase->out_step * col_stride,
                                   region.row_phase->out_step * row_stride, batch_stride};
    std::int64_t stride = 0, pixels = 1;
    for (int axis = 0; axis < 3; ++axis) {
      if (counts[axis] == 1) continue;
      if (pixels == 1) stride = steps[axis];
      if (steps[axis] != pixels * stride) return 0;
      pixels *= counts[axis];
    }
    return pixels == 1 ? channels : stride;
  }
};

/// Memory for one block after the other.
template <class T>
struct BlockSpace {
  Memory<T> patches, strip, other;
};

/// The patches of a block for a box: a matrix with a row for each output.
template <class T>
MatrixView<T> block_patches(const Kernels<T>& kernels, const Images<T>& images,
                            const Region& region, const PixelBlock& block, const Box& box,
                            T* memory) {
  const std::int64_t stride = spaced<T>(box.depth());
  copy_patches(kernels.conv, images, region, box, block.begin, block.end, memory, stride);
  return {memory, block.size(), box.depth(), stride, 1};
}

/// Writes the outputs of a block, which are rows of `from` without gaps.
template <class T>
void write_block(const Kernels<T>& kernels, const Results<T>& results, const Region& region,
                 const PixelBlock& block, const T* from) {
  const std::int64_t step = region.col_phase->out_step * results.col_stride;
  for_each_line(
      region, block.begin, block.end, [&](auto image, auto i, auto j, auto length, auto pixel) {
        kernels.conv.copy_lines(from + pixel * results.channels, results.channels,
                                results.at(region, image, i, j), step, length, results.channels);
      });
}

template <class T>
void compute_block(const Kernels<T>& kernels, const Images<T>& images, const Cut& cut,
                   const PackedFilters<T>& filters, const Results<T>& results,
                   const PixelBlock& block, const BlockSpace<T>& space) {
  const Region& region = cut.region(block);
  const std::int64_t stride = results.pixel_stride(region), out = results.channels;
  Output<T> to = {space.other.data(), block.size(), out, out, false};
  if (stride != 0) {
    to = {results.at(region, 0, 0, 0) + block.begin * stride, block.size(), out, stride, false};
  }
  for (const Box& box : cut.boxes_of(block)) {
    const MatrixView<T> a =
        block_patches(kernels, images, region, block, box, space.patches.data());
    for (std::int64_t col = 0; col < out; col += kernels.block_cols()) {
      const std::int64_t cols = std::min(kernels.block_cols(), out - col);
      const bool in_place = strips_in_place(a, pieces(cols, kernels.tile_cols()));
      kernels.matmul.multiply(a, filters.panels(region, box, col),
                              {to.data + col, to.rows, cols, to.row_stride, to.accumulate},
                              in_place ? nullptr : space.strip.data());
    }
    to.accumulate = true;
  }
  if (!to.accumulate) {  // nothing but padding
    for (std::int64_t row = 0; row < to.rows; ++row) {
      std::fill_n(to.data + row * to.row_stride, out, T(0));
    }
  }
  if (stride == 0) write_block(kernels, results, region, block, static_cast<const T*>(to.data));
}

/// Every output is the sum of the inputs that its taps meet, times the filters.
template <class T>
void correlate(const Images<T>& images, const PackedFilters<T>& filters,
               const std::vector<Phase>& rows, const std::vector<Phase>& cols, std::int64_t batch,
               const Results<T>& results) {
  const Kernels<T> kernels = conv_kernels<T>();
  const Cut cut(rows, cols, batch, images.channels, kBlockBytes / sizeof(T), kernels.tile_rows(),
                sizeof(T));
  const auto count = static_cast<std::int64_t>(cut.blocks.size());
  parallel_for(count, cut.grain(results.channels), [&](std::int64_t begin, std::int64_t end) {
    const BlockSpace<T> space = {Memory<T>(cut.most_pixels * spaced<T>(cut.most_depth)),
                                 Memory<T>(kernels.tile_rows() * cut.most_depth),
                                 Memory<T>(cut.most_pixels * results.channels)};
    for (std::int64_t b = begin; b < end; ++b) {
      compute_block(kernels, images, cut, filters, results, cut.blocks[static_cast<std::size_t>(b)],
                    space);
    }
  });
}

}  // namespace needle
