#include "cpu/conv_blocks.h"

namespace needle {
namespace {

using std::int64_t;

/// The taps and channels of a region, cut into boxes. The filters of a box lie next to each other
/// if filters are stored as (tap, channel).
std::vector<Box> make_boxes(const Region& region, int64_t channels, int64_t most) {
  std::vector<Box> boxes;
  if (!region.has_taps() || channels == 0) return boxes;
  const auto step = [](int64_t total, int64_t wanted) {
    return even(total, pieces(total, std::clamp<int64_t>(wanted, 1, total)));
  };
  const bool whole_lines = region.cols.taps == region.col_phase->taps;
  const int64_t rows =
      step(region.rows.taps, whole_lines ? most / (region.cols.taps * channels) : 1);
  const int64_t cols = step(region.cols.taps, most / channels);
  const int64_t some = step(channels, most);
  for (int64_t row = 0; row < region.rows.taps; row += rows) {
    for (int64_t col = 0; col < region.cols.taps; col += cols) {
      for (int64_t channel = 0; channel < channels; channel += some) {
        boxes.push_back({row, std::min(rows, region.rows.taps - row), col,
                         std::min(cols, region.cols.taps - col), channel,
                         std::min(some, channels - channel)});
      }
    }
  }
  return boxes;
}

/// How many outputs of this depth are computed at once.
int64_t block_pixels(int64_t depth, int64_t unit, int64_t item_size) {
  const int64_t fit = kPatchBytes / (item_size * std::max<int64_t>(depth, 1));
  return std::clamp<int64_t>(fit / unit, 1, pieces(kMostPixels, unit)) * unit;
}

}  // namespace

Cut::Cut(const std::vector<Phase>& rows, const std::vector<Phase>& cols, int64_t batch,
         int64_t channels, int64_t depth, int64_t unit, int64_t item_size) {
  for (const Phase& row_phase : rows) {
    for (const Phase& col_phase : cols) {
      for (const Run& row_run : row_phase.runs) {
        for (const Run& col_run : col_phase.runs) {
          regions.push_back({&row_phase, &col_phase, row_run, col_run, batch});
        }
      }
    }
  }
  for (const Region& region : regions) {
    boxes.push_back(make_boxes(region, channels, depth));
    int64_t most = 0, total = 0;
    for (const Box& box : boxes.back()) {
      most = std::max(most, box.depth());
      total += box.depth();
    }
    const int64_t size = region.size(), pixels = block_pixels(most, unit, item_size);
    const int64_t step = even(size, pieces(size, pixels), unit);
    const auto number = static_cast<int64_t>(boxes.size()) - 1;
    for (int64_t begin = 0; begin < size; begin += step) {
      blocks.push_back({number, begin, std::min(begin + step, size)});
    }
    most_depth = std::max(most_depth, most);
    most_pixels = std::max(most_pixels, std::min(step, size));
    work += static_cast<double>(size) * static_cast<double>(total);
  }
}

}  // namespace needle
