#pragma once
// The gradient of filters: dw = patches(x)^T dy, a sum over all outputs. They are cut into parts
// with sums of their own, so that threads can share the work; sizes alone decide into which.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cpu/conv_correlate.h"
#include "cpu/conv_direct.h"

namespace needle {

inline constexpr std::int64_t kGradientDepth = 512;  // taps and channels of a box
inline constexpr double kPartWork = 1 << 22;         // multiplications that are worth another sum
inline constexpr std::int64_t kPartPixels = 512;     // outputs that are worth another sum
inline constexpr std::int64_t kPartsAtMost = 16;

/// Sums as (tap row, tap column, channel, filter), the last of these neighbours.
template <class T>
struct FilterSums {
  T* data;
  std::int64_t row_stride, col_stride, channel_stride;
};

/// The outputs of a region as inputs of a single tap.
struct OwnPlaces {
  Phase rows, cols;
  Region region;

  explicit OwnPlaces(const Region& of)
      : rows(places(*of.row_phase)),
        cols(places(*of.col_phase)),
        region{&rows, &cols, run(of.rows), run(of.cols), of.batch} {}
  OwnPlaces(const OwnPlaces&) = delete;

 private:
  static Phase places(const Phase& phase) {
    return {{0, 1, phase.out_begin, phase.out_step, 1, 0, 1, 1}, {}};
  }
  static Run run(const Run& run) { return {run.begin, run.count, 0, 1}; }
};

/// Adds the products of the patches of a box and `dy`, which is in panels, to the sums.
template <class T>
void add_products(const Kernels<T>& kernels, const MatrixView<T>& patches, const Region& region,
                  const Box& box, const T* dy, std::int64_t out, const FilterSums<T>& sums,
                  T* strip) {
  const std::int64_t row = region.row_phase->tap_begin + region.rows.first_tap + box.row;
  const std::int64_t col = region.col_phase->tap_begin + region.cols.first_tap + box.col;
  T* to =
      sums.data + row * sums.row_stride + col * sums.col_stride + box.channel * sums.channel_stride;
  // Lines of taps follow each other in the sums only if they are whole.
  const std::int64_t line = box.cols * box.channels, width = even(out, 1, kernels.tile_cols());
  const bool at_once = box.rows == 1 || line * sums.channel_stride == sums.row_stride;
  const std::int64_t depth = at_once ? box.depth() : line;
  for (std::int64_t k = 0; k < box.depth(); k += depth, to += sums.row_stride) {
    const MatrixView<T> a = {patches.data + k, depth, patches.rows, 1, patches.row_stride};
    for (std::int64_t j = 0; j < out; j += kernels.block_cols()) {
      const std::int64_t cols = std::min(kernels.block_cols(), out - j);
      const bool in_place = strips_in_place(a, pieces(cols, kernels.tile_cols()));
      kernels.matmul.multiply(a, {dy + j, kernels.tile_cols(), width},
                              {to + j, depth, cols, sums.channel_stride, true},
                              in_place ? nullptr : strip);
    }
  }
}

/// Adds the products of all taps of a block with `dy`, which is in panels, to the sums: the images
/// are read where they lie, by the offset of each output.
template <class T>
void add_directly(const Kernels<T>& kernels, const Images<T>& images, const Region& region,
                  const PixelBlock& block, const T* dy, std::int64_t out,
                  const FilterSums<T>& sums) {
  const Phase &rows = *region.row_phase, &cols = *region.col_phase;
  const std::int64_t step = cols.in_step * images.col_stride;
  std::vector<std::int64_t> offsets;
  for_each_line(region, block.begin, block.end, [&](auto n, auto i, auto j, auto length, auto) {
    const std::int64_t first = first_tap(images, region, n, i, j) - images.data;
    for (std::int64_t p = 0; p < length; ++p) offsets.push_back(first + p * step);
  });
  const std::int64_t panel = kernels.tile_cols(), width = even(out, 1, panel);
  T* to = sums.data + (rows.tap_begin + region.rows.first_tap) * sums.row_stride +
          (cols.tap_begin + region.cols.first_tap) * sums.col_stride;
  for (std::int64_t a = 0; a < region.rows.taps; ++a) {
    for (std::int64_t c = 0; c < images.channels; ++c) {
      const T* from =
          images.data + a * rows.in_tap_step * images.row_stride + c * images.channel_stride;
      kernels.conv.multiply({from, region.cols.taps, cols.in_tap_step * images.col_stride,
                             offsets.data(), block.size()},
                            {dy, panel, width}, panel,
                            {to + a * sums.row_stride + c * sums.channel_stride, region.cols.taps,
                             out, sums.col_stride, true});
    }
  }
}

/// Adds what the outputs of a block contribute to the sums.
template <class T>
void add_block(const Kernels<T>& kernels, const Images<T>& images, const Images<T>& dy,
               const Cut& cut, const PixelBlock& block, const FilterSums<T>& sums, bool directly,
               const BlockSpace<T>& space) {
  const Region& region = cut.region(block);
  if (cut.boxes_of(block).empty()) return;
  const std::int64_t out = dy.channels, width = even(out, 1, kernels.tile_cols());
  T* right = space.other.data();
  copy_patches(kernels.conv, dy, OwnPlaces(region).region, {0, 1, 0, 1, 0, out}, block.begin,
               block.end, right, width);
  for (std::int64_t p = 0; p < block.size(); ++p) {
    std::fill(right + p * width + out, right + (p + 1) * width, T(0));
  }
  if (directly) {
    return add_directly(kernels, images, region, block, static_cast<const T*>(right), out, sums);
  }
  for (const Box& box : cut.boxes_of(block)) {
    const MatrixView<T> patches =
        block_patches(kernels, images, region, block, box, space.patches.data());
    add_products(kernels, patches, region, box, static_cast<const T*>(right), out, sums,
                 space.strip.data());
  }
}

/// How many sums of their own are worth while: each of them costs memory and an addition.
inline std::int64_t count_parts(const Cut& cut, std::int64_t pixels, std::int64_t out) {
  const auto by_work = static_cast<std::int64_t>(cut.work * static_cast<double>(out) / kPartWork);
  const auto blocks = static_cast<std::int64_t>(cut.blocks.size());
  return std::max<std::int64_t>(std::min({by_work, pixels / kPartPixels, blocks, kPartsAtMost}), 1);
}

/// to[i * to_stride + k] += the sum over parts of from[(part * rows + i) * cols + k], in order
template <class T>
void add_parts(const T* from, std::int64_t parts, std::int64_t rows, std::int64_t cols, T* to,
               std::int64_t to_stride) {
  const std::int64_t grain = 1 + (1 << 15) / (cols * parts);
  parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t part = 0; part < parts; ++part) {
        const T* line = from + (part * rows + i) * cols;
        for (std::int64_t k = 0; k < cols; ++k) to[i * to_stride + k] += line[k];
      }
    }
  });
}

/// Adds what all outputs contribute to `sums`, which have `taps` taps.
template <class T>
void correlate_gradients(const Images<T>& images, const Images<T>& dy,
                         const std::vector<Phase>& rows, const std::vector<Phase>& cols,
                         std::int64_t batch, std::int64_t taps, const FilterSums<T>& sums) {
  const Kernels<T> kernels = conv_kernels<T>();
  const Cut cut(rows, cols, batch, images.channels, kGradientDepth, 8, sizeof(T));
  std::int64_t pixels = 0;
  for (const Region& region : cut.regions) pixels += region.size();
  const std::int64_t parts = count_parts(cut, pixels, dy.channels);
  const std::int64_t lines = taps * images.channels, size = lines * dy.channels;
  const auto blocks = static_cast<std::int64_t>(cut.blocks.size());
  const bool directly = reads_directly(images.channels, rows, cols);
  const Memory<T> own(parts > 1 ? parts * size : 0);
  parallel_for(parts, 1, [&](std::int64_t first, std::int64_t last) {
    const std::int64_t width = even(dy.channels, 1, kernels.tile_cols());
    const BlockSpace<T> space = {Memory<T>(cut.most_pixels * spaced<T>(cut.most_depth)),
                                 Memory<T>(kernels.tile_rows() * cut.most_pixels),
                                 Memory<T>(cut.most_pixels * width)};
    for (std::int64_t part = first; part < last; ++part) {
      FilterSums<T> to = sums;
      if (parts > 1) {
        const std::int64_t groups = sums.channel_stride / dy.channels;
        to = {own.data() + part * size, sums.row_stride / groups, sums.col_stride / groups,
              dy.channels};
        std::fill_n(to.data, size, T(0));
      }
      for (std::int64_t b = blocks * part / parts; b < blocks * (part + 1) / parts; ++b) {
        add_block(kernels, images, dy, cut, cut.blocks[static_cast<std::size_t>(b)], to, directly,
                  space);
      }
    }
  });
  if (parts > 1) add_parts(own.data(), parts, lines, dy.channels, sums.data, sums.channel_stride);
}

}  // namespace needle
