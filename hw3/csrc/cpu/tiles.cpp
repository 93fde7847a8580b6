#include "cpu/tiles.h"

#include <algorithm>
#include <cstdlib>

#include "cpu/pack.h"
#include "cpu/parallel.h"

namespace needle {
namespace {

constexpr std::int64_t kGrain = 1 << 16;          // elements worth a turn of a thread
constexpr std::int64_t kTile = 1024;              // elements that stay in the first cache
constexpr std::int64_t kTransposed = 4096;        // of a tile whose rows are another's columns
constexpr std::int64_t kTransposedRows = 64;      // a few lines of the cache
constexpr std::int64_t kStreamedBytes = 1 << 25;  // results above will not be in a cache later
constexpr int kOperands = kMaxInputs + 1;

/// One axis, with the stride of each operand; the result is operand 0.
struct Axis {
  std::int64_t size = 1;
  std::int64_t strides[kOperands] = {};
};

/// A job, cut into tiles: rectangles of two of its axes.
class Tiling {
 public:
  Tiling(Loop loop, const View& out, const Input* inputs, int count);

  std::int64_t size() const { return rows_tiles_ * column_tiles_ * outer_; }
  std::int64_t tile_elements() const { return tile_rows_ * tile_columns_; }
  void run(std::int64_t begin, std::int64_t end) const;

 private:
  struct Tile {
    std::int64_t rows, columns;
    std::int64_t offsets[kOperands];
  };
  struct Buffers;

  void choose_axes(Loops<kOperands>& loops);
  void choose_tile();
  bool transposed(int n) const;
  bool takes_single() const { return operands_ == 3; }
  Tile at(std::int64_t index) const;
  void run_tile(const Tile& tile, Buffers& buffers) const;
  const char* source(int n, const Tile& tile, char* buffer) const;
  Block block(int n, const Tile& tile) const {
    return {tile.rows, tile.columns, rows_.strides[n], columns_.strides[n]};
  }

  Loop loop_;
  int operands_;
  bool stream_;
  char* data_[kOperands];
  std::int64_t item_sizes_[kOperands];
  Axis rows_, columns_;
  Axis outer_axes_[kMaxDims];
  int outer_count_ = 0;
  std::int64_t tile_rows_ = 1, tile_columns_ = 1;
  std::int64_t rows_tiles_ = 1, column_tiles_ = 1, outer_ = 1;
};

/// Where operands are packed.
struct Tiling::Buffers {
  alignas(64) char bytes[kOperands][kTransposed * 8];
};

Tiling::Tiling(Loop loop, const View& out, const Input* inputs, int count)
    : loop_(loop), operands_(count + 1) {
  Loops<kOperands> loops;
  loops.shape = out.shape;
  loops.strides[0] = out.strides;
  data_[0] = out.bytes();
  item_sizes_[0] = static_cast<std::int64_t>(item_size(out.dtype));
  for (int n = 1; n < kOperands; ++n) {
    const bool used = n <= count;
    loops.strides[n] = used ? inputs[n - 1].strides : Dims(out.ndim(), 0);
    data_[n] = used ? const_cast<char*>(inputs[n - 1].data) : nullptr;
    item_sizes_[n] = used ? inputs[n - 1].item_size : 1;
  }
  // Where there is something to calculate, streaming was measured to be slower.
  stream_ = loop == nullptr && out.size() * item_sizes_[0] >= kStreamedBytes;
  simplify(loops);
  choose_axes(loops);
  choose_tile();
  rows_tiles_ = (rows_.size + tile_rows_ - 1) / tile_rows_;
  column_tiles_ = (columns_.size + tile_columns_ - 1) / tile_columns_;
}

/// Columns are the result's innermost axis. Rows are the one in which a transposed input lies close
/// together, if there is one.
void Tiling::choose_axes(Loops<kOperands>& loops) {
  const int inner = loops.shape.size() - 1;
  int row = inner - 1;
  for (int n = 1; n < operands_; ++n) {
    std::int64_t nearest = inner < 0 ? 0 : std::abs(loops.strides[n][inner]);
    for (int axis = 0; axis < inner; ++axis) {
      const std::int64_t stride = std::abs(loops.strides[n][axis]);
      if (stride == 0 || stride >= nearest) continue;
      nearest = stride;
      row = axis;
    }
  }
  for (int axis = 0; axis <= inner; ++axis) {
    Axis& to = axis == inner ? columns_ : axis == row ? rows_ : outer_axes_[outer_count_++];
    to.size = loops.shape[axis];
    for (int n = 0; n < operands_; ++n) to.strides[n] = loops.strides[n][axis];
    if (axis != inner && axis != row) outer_ *= to.size;
  }
}

bool Tiling::transposed(int n) const {
  const std::int64_t row = std::abs(rows_.strides[n]);
  return row != 0 && row < std::abs(columns_.strides[n]);
}

void Tiling::choose_tile() {
  bool packs = stream_, transposes = false;
  int singles = 0;
  for (int n = 0; n < operands_; ++n) {
    if (columns_.strides[n] == 0) ++singles;
    packs |= columns_.strides[n] != 0 && columns_.strides[n] != 1;
    transposes |= transposed(n);
  }
  packs |= singles > (takes_single() ? 1 : 0);
  if (transposes) {
    tile_rows_ = std::min(rows_.size, kTransposedRows);
    tile_columns_ = std::min(columns_.size, kTransposed / tile_rows_);
  } else {
    tile_columns_ = std::min(columns_.size, packs ? kTile : kGrain);
    if (columns_.size <= kTile / 2) tile_rows_ = std::min(rows_.size, kTile / columns_.size);
  }
}

Tiling::Tile Tiling::at(std::int64_t index) const {
  const std::int64_t column = index % column_tiles_ * tile_columns_;
  index /= column_tiles_;
  const std::int64_t row = index % rows_tiles_ * tile_rows_;
  index /= rows_tiles_;
  Tile tile{
      std::min(tile_rows_, rows_.size - row), std::min(tile_columns_, columns_.size - column), {}};
  for (int n = 0; n < operands_; ++n) {
    tile.offsets[n] = row * rows_.strides[n] + column * columns_.strides[n];
  }
  for (int axis = outer_count_ - 1; axis >= 0; --axis) {
    const std::int64_t place = index % outer_axes_[axis].size;
    index /= outer_axes_[axis].size;
    for (int n = 0; n < operands_; ++n) tile.offsets[n] += place * outer_axes_[axis].strides[n];
  }
  return tile;
}

void Tiling::run(std::int64_t begin, std::int64_t end) const {
  Buffers buffers;
  for (std::int64_t index = begin; index < end; ++index) run_tile(at(index), buffers);
  if (stream_) end_stream();
}

/// The elements of input n without gaps: where they lie, or packed into `buffer`.
const char* Tiling::source(int n, const Tile& tile, char* buffer) const {
  const char* first = data_[n] + tile.offsets[n] * item_sizes_[n];
  const Block from = block(n, tile);
  if (from.flat()) return first;
  pack(buffer, first, from, item_sizes_[n]);
  return buffer;
}

void Tiling::run_tile(const Tile& tile, Buffers& buffers) const {
  char* out = data_[0] + tile.offsets[0] * item_sizes_[0];
  const Block to = block(0, tile);
  const bool direct = to.flat() && !stream_;
  char* target = direct ? out : buffers.bytes[0];
  if (loop_ == nullptr) {
    const char* moved = source(1, tile, target);
    if (moved != out) unpack(out, moved, to, item_sizes_[0], stream_);
    return;
  }
  int single = kNone;
  const void* inputs[kMaxInputs];
  for (int n = 1; n < operands_; ++n) {
    if (takes_single() && single == kNone && to.size() > 1 && block(n, tile).repeats()) {
      single = n - 1;
      inputs[n - 1] = data_[n] + tile.offsets[n] * item_sizes_[n];
    } else {
      inputs[n - 1] = source(n, tile, buffers.bytes[n]);
    }
  }
  loop_(inputs, single, target, to.size());
  if (!direct) unpack(out, target, to, item_sizes_[0], false);
}

/// Whether a single call of the loop does it all: most calls for small arrays. Then `single` is the
/// loop's argument of that name.
bool is_short_and_flat(const View& out, const Input* inputs, int count, int& single) {
  if (out.size() > kGrain || !out.compact()) return false;
  single = kNone;
  for (int n = 0; n < count; ++n) {
    const Dims& strides = inputs[n].strides;
    if (strides == out.strides) continue;
    const bool repeats = std::all_of(strides.begin(), strides.end(), [](auto s) { return s == 0; });
    if (!repeats || count != 2 || single != kNone) return false;
    single = n;
  }
  return true;
}

}  // namespace

void evaluate(Loop loop, const View& out, const Input* inputs, int count) {
  if (out.size() == 0) return;
  int single = kNone;
  if (loop != nullptr && is_short_and_flat(out, inputs, count, single)) {
    const void* data[kMaxInputs] = {};
    for (int n = 0; n < count; ++n) data[n] = inputs[n].data;
    return loop(data, single, out.bytes(), out.size());
  }
  const Tiling tiling(loop, out, inputs, count);
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / tiling.tile_elements());
  if (tiling.size() <= grain) return tiling.run(0, tiling.size());
  parallel_for(tiling.size(), grain,
               [&tiling](std::int64_t begin, std::int64_t end) { tiling.run(begin, end); });
}

}  // namespace needle
