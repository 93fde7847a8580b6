// The plans come from a simple model of an H200, by which other GPUs are not badly served. Its
// numbers are estimates.

#include "cuda/matmul_plan.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <stdexcept>
#include <string>

#include "cuda/launch.h"

namespace needle::cuda {
namespace {

using std::int64_t;

constexpr int64_t kMultiprocessors = 132;
constexpr int64_t kShortestPart = 256;  // shorter ones do not pay for the second kernel
constexpr int64_t kMostParts = 64;
constexpr int64_t kMostVectorParts = 256;
constexpr int64_t kMostPartNumbers = int64_t{1} << 26;  // in all parts together
constexpr double kSecondKernel = 4000;  // cycles: it starts when all blocks are done

std::atomic<TileSize> fixed_tile{TileSize{0, 0}};
std::atomic<int64_t> fixed_parts{0};

/// What a tile can do.
struct TileSpeed {
  TileSize size;
  int64_t blocks;  // that a multiprocessor runs at once
  double share;    // of its multiplications per cycle, if that many run
};

// A large tile reads least for each multiplication, but a small result has too few of them to give
// all multiprocessors work. Where one matrix is narrow, reading the other one takes the time: then
// a narrow tile wastes less of the multiplications.
constexpr TileSpeed kSpeeds[] = {{kTileSizes[0], 2, 0.9},
                                 {kTileSizes[1], 4, 0.5},
                                 {kTileSizes[2], 4, 0.5},
                                 {kTileSizes[3], 4, 0.75},
                                 {kTileSizes[4], 6, 0.4}};

/// About `wanted` equal parts, but none that kernels could not count.
Plan cut(int64_t k, int64_t wanted) {
  constexpr int64_t kDeepest = int64_t{1} << 30;
  wanted = std::max(wanted, ceil_div(k, kDeepest));
  const int64_t depth = ceil_div(ceil_div(k, wanted), kPartUnit) * kPartUnit;
  Plan plan;
  plan.parts = ceil_div(k, depth);
  plan.depth = plan.parts == 1 ? k : depth;
  return plan;
}

/// The parts that give all multiprocessors blocks.
int64_t parts_for(int64_t blocks, int64_t wanted, int64_t outputs, int64_t k, int64_t shortest,
                  int64_t most) {
  const int64_t room = std::max<int64_t>(1, kMostPartNumbers / outputs);
  const int64_t limit = std::max<int64_t>(1, std::min({k / shortest, most, room}));
  return std::clamp<int64_t>(wanted / blocks, 1, limit);
}

/// About the cycles that a plan takes: those of the multiprocessor with the most blocks. One that
/// runs fewer blocks than it can is not that much faster, as it waits for memory.
double cycles(const TileSpeed& speed, const Plan& plan, int64_t tiles, int64_t outputs) {
  const auto blocks = static_cast<double>(ceil_div(tiles * plan.parts, kMultiprocessors));
  const double busy = std::max(blocks, 0.65 * static_cast<double>(speed.blocks));
  const auto work = static_cast<double>(speed.size.rows * speed.size.cols * plan.depth);
  const double multiply = busy * work / (128 * speed.share);
  if (plan.parts == 1) return multiply;
  const double moved = 8 * static_cast<double>(plan.parts * outputs);  // bytes written and read
  return multiply + kSecondKernel + moved / (20 * kMultiprocessors);
}

bool is(TileSize a, TileSize b) {
  return a.rows == b.rows && a.cols == b.cols;
}

bool has_tile(DType dtype, TileSize size) {
  if (dtype == DType::float32 || is(size, {32, 32})) return true;
  return dtype == DType::float64 && is(size, {64, 64});
}

}  // namespace

Plan plan_product(DType dtype, int64_t count, int64_t m, int64_t k, int64_t n) {
  const int64_t outputs = count * m * n, wanted = fixed_parts;
  const TileSize fixed = fixed_tile;
  const bool choose = fixed.rows == 0 || !has_tile(dtype, fixed);
  Plan best;
  double least = -1;
  for (const TileSpeed& speed : kSpeeds) {
    if (!has_tile(dtype, speed.size) || !(choose || is(speed.size, fixed))) continue;
    const int64_t tiles = count * ceil_div(m, speed.size.rows) * ceil_div(n, speed.size.cols);
    const int64_t full = kMultiprocessors * speed.blocks;
    Plan plan =
        cut(k, wanted > 0 ? wanted : parts_for(tiles, full, outputs, k, kShortestPart, kMostParts));
    plan.tile = speed.size;
    const double time = cycles(speed, plan, tiles, outputs);
    if (least >= 0 && time >= least) continue;
    least = time;
    best = plan;
  }
  return best;
}

Plan plan_vector(int64_t count, int64_t rows, int64_t k, bool along_k) {
  // Memory is what this waits for: about 8 blocks of 8 warps keep a multiprocessor's loads going.
  constexpr int64_t kBlocks = 8 * kMultiprocessors;
  int warps = 1;
  while (along_k && warps < 8 && count * rows * warps < 8 * kBlocks && k >= 512 * warps) warps *= 2;
  const int64_t rows_of_block = along_k ? 8 / warps : kWarp;
  const int64_t blocks = count * ceil_div(rows, rows_of_block);
  const int64_t parts = fixed_parts > 0
                            ? fixed_parts.load()
                            : parts_for(blocks, kBlocks, count * rows, k, 1024, kMostVectorParts);
  Plan plan = cut(k, parts);
  plan.sharing = warps;
  return plan;
}

void set_plan(int tile_rows, int tile_cols, int64_t parts) {
  const TileSize size = {tile_rows, tile_cols};
  const auto found = std::find_if(std::begin(kTileSizes), std::end(kTileSizes),
                                  [size](TileSize known) { return is(size, known); });
  if (found == std::end(kTileSizes) && !is(size, {0, 0})) {
    throw std::invalid_argument("there are no tiles of " + std::to_string(tile_rows) + " x " +
                                std::to_string(tile_cols));
  }
  if (parts < 0) {
    throw std::invalid_argument("a number of parts is at least 1, not " + std::to_string(parts));
  }
  fixed_tile = size;
  fixed_parts = parts;
}

}  // namespace needle::cuda
