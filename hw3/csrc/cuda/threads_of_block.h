#pragma once
// How the threads of blocks share results of which each takes many elements.

#include <algorithm>
#include <bit>
#include <cstdint>

#include "cuda/divide.h"
#include "cuda/launch.h"

namespace needle::cuda {

/// A block of kThreads works on a few results; `phases` threads (a power of two) share each of
/// them. Along: these are neighbours, and so are the elements that they read. Across: threads of
/// neighbouring results are neighbours, as their elements are.
struct Sharing {
  bool along = true;
  int log_phases = 0;

  Sharing(bool is_along, std::int64_t wanted_phases)
      : along(is_along),
        log_phases(std::bit_width(static_cast<std::uint64_t>(
                       std::clamp<std::int64_t>(wanted_phases, 1, kThreads))) -
                   1) {}

  NEEDLE_FUNCTION int phases() const { return 1 << log_phases; }
  NEEDLE_FUNCTION int results() const { return kThreads >> log_phases; }
  /// From the thread of a phase to that of the next phase of the same result.
  NEEDLE_FUNCTION int phase_step() const { return along ? 1 : results(); }

  NEEDLE_FUNCTION int phase(int thread) const {
    return along ? thread & (phases() - 1) : thread / results();
  }
  NEEDLE_FUNCTION int result(int thread) const {
    return along ? thread >> log_phases : thread & (results() - 1);
  }
};

/// How the elements of a result are cut into chunks, each the work of some threads of one block.
/// Depends on numbers of elements alone, so results do not depend on the GPU.
struct Cut {
  static constexpr std::int64_t kMostTurns = 64;  // of a thread: this bounds rounding errors
  static constexpr std::int64_t kFewTurns = 8;    // below, a block is hardly worth its start
  static constexpr std::int64_t kBlocks = 1024;   // are wanted, some for every multiprocessor

  std::uint32_t length;  // steps of a chunk
  std::uint32_t chunks;
  Divider tiles;  // the blocks that all results take

  /// For results that are `steps` long each.
  Cut(std::int64_t results, std::int64_t steps, const Sharing& sharing) {
    const std::int64_t blocks = ceil_div(results, sharing.results());
    const std::int64_t wanted =
        ceil_div(ceil_div(steps * blocks, kBlocks), sharing.phases());  // turns
    const std::int64_t turns = std::clamp(wanted, kFewTurns, kMostTurns);
    length = static_cast<std::uint32_t>(std::min(steps, turns * sharing.phases()));
    chunks = static_cast<std::uint32_t>(ceil_div(steps, length));
    tiles = Divider(blocks);
  }

  std::int64_t blocks() const { return std::int64_t{tiles.divisor()} * chunks; }
};

}  // namespace needle::cuda
