#pragma once
// Convolutions of images of few channels, such as colours, in any layout. Their patches would be
// many short pieces: copying these takes as long as multiplying them. So they are read where they
// lie, by the offset of each tap.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpu/conv_correlate.h"

namespace needle {

inline constexpr std::int64_t kFewChannels = 4;
inline constexpr std::int64_t kDirectImages = 8;  // of a task
inline constexpr std::int64_t kLongEnough = 6;    // outputs beside each other for a tile

/// Whether images of so many channels are read where they lie: all outputs must meet some tap.
inline bool reads_directly(std::int64_t channels, const std::vector<Phase>& rows,
                           const std::vector<Phase>& cols) {
  const auto meets = [](const Phase& phase) {
    return std::all_of(phase.runs.begin(), phase.runs.end(),
                       [](const Run& run) { return run.taps > 0; });
  };
  return 0 < channels && channels <= kFewChannels && std::all_of(rows.begin(), rows.end(), meets) &&
         std::all_of(cols.begin(), cols.end(), meets);
}

/// Where the first tap of a region lies for its output (i, j).
template <class T>
const T* first_tap(const Images<T>& images, const Region& region, std::int64_t image,
                   std::int64_t i, std::int64_t j) {
  const std::int64_t row = region.row_phase->input(region.rows.begin + i, region.rows.first_tap);
  const std::int64_t col = region.col_phase->input(region.cols.begin + j, region.cols.first_tap);
  return images.data + image * images.batch_stride + row * images.row_stride +
         col * images.col_stride;
}

/// Where the taps and channels of a box lie, from the first tap of the region.
template <class T>
std::vector<std::int64_t> tap_offsets(const Images<T>& images, const Region& region,
                                      const Box& box) {
  const std::int64_t row_step = region.row_phase->in_tap_step * images.row_stride;
  const std::int64_t col_step = region.col_phase->in_tap_step * images.col_stride;
  std::vector<std::int64_t> offsets;
  for (std::int64_t a = box.row; a < box.row + box.rows; ++a) {
    for (std::int64_t b = box.col; b < box.col + box.cols; ++b) {
      for (std::int64_t c = box.channel; c < box.channel + box.channels; ++c) {
        offsets.push_back(a * row_step + b * col_step + c * images.channel_stride);
      }
    }
  }
  return offsets;
}

/// An axis of the outputs of a region: their number, and the steps through images and results.
struct OutputAxis {
  std::int64_t count, in, out;
};

/// Computes the outputs of a region in the images `begin` to `end` - 1. The rows of a tile are
/// outputs along a long axis.
template <class T>
void compute_region(const Kernels<T>& kernels, const Images<T>& images, const Region& region,
                    const std::vector<Box>& boxes, const PackedFilters<T>& filters,
                    const Results<T>& results, std::int64_t begin, std::int64_t end) {
  const Phase &rows = *region.row_phase, &cols = *region.col_phase;
  OutputAxis axes[3] = {
      {end - begin, images.batch_stride, results.batch_stride},
      {region.rows.count, rows.in_step * images.row_stride, rows.out_step * results.row_stride},
      {region.cols.count, cols.in_step * images.col_stride, cols.out_step * results.col_stride}};
  // Images of one size meet in the same few lines of a cache, so others are better if long enough.
  const auto length = [](const OutputAxis& axis) { return std::min(axis.count, kLongEnough); };
  std::stable_sort(axes, axes + 3, [&](auto& a, auto& b) { return length(a) < length(b); });
  const T* from = first_tap(images, region, begin, 0, 0);
  T* to = results.at(region, begin, 0, 0);
  bool accumulate = false;
  for (const Box& box : boxes) {
    const std::vector<std::int64_t> offsets = tap_offsets(images, region, box);
    const Panels<T> panels = filters.panels(region, box, 0);
    for (std::int64_t i = 0; i < axes[0].count; ++i) {
      for (std::int64_t j = 0; j < axes[1].count; ++j) {
        kernels.conv.multiply({from + i * axes[0].in + j * axes[1].in, axes[2].count, axes[2].in,
                               offsets.data(), box.depth()},
                              panels, kernels.tile_cols(),
                              {to + i * axes[0].out + j * axes[1].out, axes[2].count,
                               results.channels, axes[2].out, accumulate});
      }
    }
    accumulate = true;
  }
}

/// The same as `correlate`, for images that are read where they lie.
template <class T>
void correlate_directly(const Images<T>& images, const PackedFilters<T>& filters,
                        const std::vector<Phase>& rows, const std::vector<Phase>& cols,
                        std::int64_t batch, const Results<T>& results) {
  const Kernels<T> kernels = conv_kernels<T>();
  const Cut cut(rows, cols, batch, images.channels, kBlockBytes / sizeof(T), 1, sizeof(T));
  parallel_for(batch, kDirectImages, [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t r = 0; r < cut.regions.size(); ++r) {
      compute_region(kernels, images, cut.regions[r], cut.boxes[r], filters, results, begin, end);
    }
  });
}

}  // namespace needle
