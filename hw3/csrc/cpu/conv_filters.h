#pragma once
// Filters, copied once to the panels that the matrix product reads.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpu/conv_patches.h"
#include "cpu/matmul_blocks.h"
#include "cpu/parallel.h"

namespace needle {

/// Memory that is not set, for the time of a function.
template <class T>
class Memory {
 public:
  explicit Memory(std::int64_t count)
      : buffer_(Buffer::allocate(sizeof(T) * static_cast<std::size_t>(count))) {}
  T* data() const { return static_cast<T*>(buffer_->data()); }

 private:
  BufferRef buffer_;
};

/// Filters of one group, in any layout; `in` and `out` are numbers of channels.
template <class T>
struct Filters {
  const T* data;
  std::int64_t row_stride, col_stride, in_stride, out_stride;
  std::int64_t in, out;
};

/// The taps of each pair of phases, as (panel of outputs, tap, channel). Taps that no output needs
/// are not there.
template <class T>
class PackedFilters {
 public:
  PackedFilters(const MatmulKernels<T>& kernels, const Filters<T>& filters,
                const std::vector<Phase>& rows, const std::vector<Phase>& cols)
      : width_(kernels.tile_cols),
        panels_(pieces(filters.out, width_)),
        channels_(filters.in),
        rows_(rows.data()),
        cols_(cols.data()),
        across_(cols.size()),
        memory_(place(rows, cols)) {
    for (const Phase& row_phase : rows) {
      for (const Phase& col_phase : cols) pack(kernels, filters, row_phase, col_phase);
    }
  }

  /// The filters of a box, from output `col` on, which is the first one of a panel.
  Panels<T> panels(const Region& region, const Box& box, std::int64_t col) const {
    const std::int64_t cols = region.col_phase->taps;
    const std::int64_t depth = region.row_phase->taps * cols * channels_;
    const std::int64_t row_tap = region.rows.first_tap + box.row;
    const std::int64_t col_tap = region.cols.first_tap + box.col;
    const std::int64_t at = (row_tap * cols + col_tap) * channels_ + box.channel;
    const T* first = start(*region.row_phase, *region.col_phase);
    return {first + (col / width_ * depth + at) * width_, depth * width_, width_};
  }

 private:
  /// Gives each pair of phases its place, and returns the size of all.
  std::int64_t place(const std::vector<Phase>& rows, const std::vector<Phase>& cols) {
    std::int64_t size = 0;
    for (const Phase& row_phase : rows) {
      for (const Phase& col_phase : cols) {
        starts_.push_back(size);
        size += row_phase.taps * col_phase.taps * channels_ * panels_ * width_;
      }
    }
    return size;
  }

  T* start(const Phase& row_phase, const Phase& col_phase) const {
    const auto row = static_cast<std::size_t>(&row_phase - rows_);
    return memory_.data() + starts_[row * across_ + static_cast<std::size_t>(&col_phase - cols_)];
  }

  void pack(const MatmulKernels<T>& kernels, const Filters<T>& filters, const Phase& row_phase,
            const Phase& col_phase) {
    const std::int64_t cols = col_phase.taps, taps = row_phase.taps * cols;
    const std::int64_t grain = 1 + (1 << 16) / (filters.in * filters.out + 1);
    T* to = start(row_phase, col_phase);
    parallel_for(taps, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t tap = begin; tap < end; ++tap) {
        const std::int64_t row = row_phase.tap_begin + tap / cols * row_phase.tap_step;
        const std::int64_t col = col_phase.tap_begin + tap % cols * col_phase.tap_step;
        const MatrixView<T> all = {
            filters.data + row * filters.row_stride + col * filters.col_stride, filters.in,
            filters.out, filters.in_stride, filters.out_stride};
        for (std::int64_t panel = 0; panel < panels_; ++panel) {
          kernels.pack(block(all, 0, panel * width_, all.rows, width_),
                       to + (panel * taps + tap) * channels_ * width_);
        }
      }
    });
  }

  std::int64_t width_, panels_, channels_;
  const Phase *rows_, *cols_;
  std::size_t across_;
  std::vector<std::int64_t> starts_;
  Memory<T> memory_;
};

}  // namespace needle
