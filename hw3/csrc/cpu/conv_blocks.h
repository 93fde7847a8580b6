#pragma once
// How a convolution is cut: into regions whose outputs meet the same taps, these into blocks of
// outputs, which are the tasks of the threads, and their sums into boxes of taps and channels.
//
// Sizes alone decide, so results do not depend on the number of threads.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpu/conv_patches.h"
#include "cpu/matmul_blocks.h"

namespace needle {

inline constexpr std::int64_t kPatchBytes = 1 << 17;  // of a block: they stay in the second cache
inline constexpr std::int64_t kMostPixels = 480;
inline constexpr double kTaskWork = 1 << 18;  // multiplications that are worth a thread

/// Outputs [begin, end) of region number `region`.
struct PixelBlock {
  std::int64_t region, begin, end;

  std::int64_t size() const { return end - begin; }
};

/// What a sum over taps and channels is cut into, and its outputs.
struct Cut {
  std::vector<Region> regions;
  std::vector<std::vector<Box>> boxes;  // of each region
  std::vector<PixelBlock> blocks;
  std::int64_t most_pixels = 0, most_depth = 0;  // of a block and of a box
  double work = 0;                               // sums times their lengths

  /// Cuts images of this batch so that boxes have at most `depth` taps and channels, or one tap.
  /// Blocks are multiples of `unit` outputs where they can be.
  Cut(const std::vector<Phase>& rows, const std::vector<Phase>& cols, std::int64_t batch,
      std::int64_t channels, std::int64_t depth, std::int64_t unit, std::int64_t item_size);

  const Region& region(const PixelBlock& block) const {
    return regions[static_cast<std::size_t>(block.region)];
  }
  const std::vector<Box>& boxes_of(const PixelBlock& block) const {
    return boxes[static_cast<std::size_t>(block.region)];
  }

  /// The number of blocks that are worth a thread, if each sum is needed for `out` filters.
  std::int64_t grain(std::int64_t out) const {
    const double each = work * static_cast<double>(out) / static_cast<double>(blocks.size() + 1);
    return static_cast<std::int64_t>(kTaskWork / (each + 1)) + 1;
  }
};

/// Lines of `count` numbers are this far apart, so that they do not meet in few lines of a cache.
template <class T>
std::int64_t spaced(std::int64_t count) {
  constexpr std::int64_t kLine = 64 / sizeof(T);
  return (pieces(count, kLine) | 1) * kLine;
}

}  // namespace needle
