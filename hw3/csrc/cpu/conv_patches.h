#pragma once
// The parts of images that meet a filter, copied to matrices for the matrix product: a row for each
// output and a column for each tap and channel. Only a block of that matrix exists at a time.

#include <algorithm>
#include <cstdint>

#include "cpu/conv_kernels.h"
#include "cpu/conv_plan.h"

namespace needle {

/// Images that are only read. Most functions want channels that are neighbours.
template <class T>
struct Images {
  const T* data;
  std::int64_t batch_stride, row_stride, col_stride, channel_stride;
  std::int64_t channels;
};

/// The outputs of a batch at which a run of rows crosses a run of columns. All of them meet the
/// same taps. They are counted in the order (image, row, column).
struct Region {
  const Phase *row_phase, *col_phase;
  Run rows, cols;
  std::int64_t batch;

  std::int64_t size() const { return batch * rows.count * cols.count; }
  bool has_taps() const { return rows.taps > 0 && cols.taps > 0; }
};

/// Some neighbouring taps and channels, counted from the first ones of a region.
struct Box {
  std::int64_t row, rows, col, cols, channel, channels;

  std::int64_t depth() const { return rows * cols * channels; }
};

/// Calls `function(image, i, j, length, pixel)` for the pieces of lines of outputs that make up
/// [begin, end) of a region: `length` outputs from place (i, j) of the runs on, the first of which
/// is number `pixel` of the piece.
template <class Function>
void for_each_line(const Region& region, std::int64_t begin, std::int64_t end, Function function) {
  std::int64_t j = begin % region.cols.count, line = begin / region.cols.count;
  std::int64_t i = line % region.rows.count, image = line / region.rows.count;
  for (std::int64_t pixel = 0; pixel < end - begin;) {
    const std::int64_t length = std::min(region.cols.count - j, end - begin - pixel);
    function(image, i, j, length, pixel);
    pixel += length;
    j = 0;
    if (++i == region.rows.count) i = 0, ++image;
  }
}

/// Copies what the outputs [begin, end) of a region meet with the taps of a box: a line for each of
/// them, `stride` apart.
template <class T>
void copy_patches(const ConvKernels<T>& kernels, const Images<T>& images, const Region& region,
                  const Box& box, std::int64_t begin, std::int64_t end, T* to,
                  std::int64_t stride) {
  const Phase &rows = *region.row_phase, &cols = *region.col_phase;
  const std::int64_t step = cols.in_step * images.col_stride;
  const std::int64_t tap_row = rows.in_tap_step * images.row_stride;
  const std::int64_t tap_col = cols.in_tap_step * images.col_stride;
  // Taps beside each other are neighbours in memory, too, if nothing is skipped.
  const bool joined = tap_col == box.channels;
  const std::int64_t pieces = joined ? 1 : box.cols, width = box.cols * box.channels / pieces;
  for_each_line(region, begin, end, [&](auto image, auto i, auto j, auto length, auto pixel) {
    const std::int64_t row = rows.input(region.rows.begin + i, region.rows.first_tap + box.row);
    const std::int64_t col = cols.input(region.cols.begin + j, region.cols.first_tap + box.col);
    const T* from = images.data + image * images.batch_stride + row * images.row_stride +
                    col * images.col_stride + box.channel;
    T* out = to + pixel * stride;
    for (std::int64_t a = 0; a < box.rows; ++a) {
      for (std::int64_t b = 0; b < pieces; ++b, out += width) {
        kernels.copy_lines(from + a * tap_row + b * tap_col, step, out, stride, length, width);
      }
    }
  });
}

}  // namespace needle
