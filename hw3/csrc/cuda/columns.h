#pragma once
// Kernels that work on matrices by columns: neighbouring threads on neighbouring columns, others on
// other rows.

#include <algorithm>
#include <cstdint>

#include "common/view.h"
#include "cuda/launch.h"

namespace needle::cuda {

/// Tiles enough for every GPU.
inline constexpr std::int64_t kMostTiles = 2048;

/// How a matrix is cut into tiles of at most 32 columns and `chunk` rows, of which each block gets
/// one. It depends on the shape alone.
struct Tiling {
  std::int64_t rows, columns, chunk;
  unsigned strips;  // across
  Size3 blocks, threads;

  /// For blocks of `block` threads, each of which takes at least `batch` rows; at most `most` tiles
  /// lie below each other.
  Tiling(std::int64_t row_count, std::int64_t column_count, int block, int batch, std::int64_t most)
      : rows(row_count), columns(column_count) {
    while (threads.x < kWarp && threads.x < columns) threads.x *= 2;
    threads.y = block / threads.x;
    const std::int64_t wanted = ceil_div(rows, threads.y * batch);
    chunk = ceil_div(rows, std::clamp<std::int64_t>(wanted, 1, most));
    strips = static_cast<unsigned>(ceil_div(columns, threads.x));
    blocks = {chunks() * strips};
  }

  std::int64_t chunks() const { return ceil_div(rows, chunk); }
};

/// The part of a matrix that a thread works on: the rows first, first + step, ... below `last`.
struct TileRows {
  std::int64_t chunk, column, first, last;
  int step;

  __device__ TileRows(std::int64_t rows, std::int64_t chunk_rows, unsigned strips)
      : chunk(blockIdx.x / strips),
        column(std::int64_t{blockIdx.x % strips} * blockDim.x + threadIdx.x),
        first(chunk * chunk_rows + threadIdx.y),
        last((chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows),
        step(blockDim.y) {}
};

/// Elements of a column that a thread works on at once: their loads do not wait for each other.
inline constexpr int kBatch = 4;

/// work.store(row, column, work.load(row, column), work.constants(column)) everywhere.
template <class Work>
__global__ void __launch_bounds__(kThreads)
    matrix_kernel(Work work, std::int64_t rows, std::int64_t columns, std::int64_t chunk,
                  unsigned strips) {
  const TileRows tile(rows, chunk, strips);
  if (tile.column >= columns) return;
  const auto constants = work.constants(tile.column);
  for (std::int64_t row = tile.first; row < tile.last; row += kBatch * tile.step) {
    typename Work::Loaded loaded[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const std::int64_t at = row + k * tile.step;
      if (at < tile.last) loaded[k] = work.load(at, tile.column);
    }
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const std::int64_t at = row + k * tile.step;
      if (at < tile.last) work.store(at, tile.column, loaded[k], constants);
    }
  }
}

template <class Work>
void launch_matrix(const char* name, std::int64_t rows, std::int64_t columns, const Work& work) {
  const Tiling tiling(rows, columns, kThreads, kBatch, kMostTiles);
  launch(name, matrix_kernel<Work>, tiling.blocks, tiling.threads, work, rows, columns,
         tiling.chunk, tiling.strips);
}

/// Adds up the states of each column of a tile and calls `sink(chunk, column, state)`.
/// `source.add(state, tile, row)` adds the batch of the tile's rows from `row` on. A State of zeros
/// is that of no elements.
template <int threads, class Source, class Sink>
__global__ void __launch_bounds__(threads)
    columns_kernel(Source source, Sink sink, std::int64_t rows, std::int64_t columns,
                   std::int64_t chunk, unsigned strips) {
  using State = typename Source::State;
  __shared__ State states[threads];
  const TileRows tile(rows, chunk, strips);
  State state = {};
  if (tile.column < columns) {
    for (std::int64_t row = tile.first; row < tile.last; row += Source::kBatch * tile.step) {
      source.add(state, tile, row);
    }
  }
  const int me = threadIdx.y, place = me * blockDim.x + threadIdx.x;
  states[place] = state;
  for (int half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (me < half) states[place] = states[place] + states[place + half * blockDim.x];
  }
  if (me == 0 && tile.column < columns) sink(tile.chunk, tile.column, states[place]);
}

/// States of tiles, those of the chunks one after the other, as a source.
template <class Given>
struct Partial {
  using State = Given;
  static constexpr int kBatch = 4;

  const State* states;
  std::int64_t columns;

  __device__ void add(State& state, const TileRows& tile, std::int64_t row) const {
    State loaded[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const std::int64_t at = row + k * tile.step;
      if (at < tile.last) loaded[k] = states[at * columns + tile.column];
    }
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (row + k * tile.step < tile.last) state = state + loaded[k];
    }
  }
};

/// The same as a sink.
template <class State>
struct ToPartial {
  State* states;
  std::int64_t columns;

  __device__ void operator()(std::int64_t chunk, std::int64_t column, const State& state) const {
    states[chunk * columns + column] = state;
  }
};

/// Calls sink(0, column, state) for the states of whole columns, from those of `rows` parts of
/// them.
template <class Source, class Sink>
void finish_columns(const char* name, std::int64_t rows, std::int64_t columns, const Source& source,
                    const Sink& sink) {
  constexpr int kMany = 1024;
  const Tiling tiling(rows, columns, kMany, 1, 1);
  launch(name, columns_kernel<kMany, Source, Sink>, tiling.blocks, tiling.threads, source, sink,
         rows, columns, tiling.chunk, tiling.strips);
}

/// The same from the elements: in two stages, so that there is work for the whole device.
template <class Source, class Sink>
void reduce_columns(const char* name, std::int64_t rows, std::int64_t columns, const Source& source,
                    const Sink& sink) {
  using State = typename Source::State;
  const std::int64_t strips = ceil_div(columns, kWarp);
  const std::int64_t most = std::max<std::int64_t>(1, kMostTiles / strips);
  const Tiling tiling(rows, columns, kThreads, Source::kBatch, most);
  const std::int64_t parts = tiling.chunks();
  const View memory = View::empty(
      DType::uint8, Dims(1, parts * columns * static_cast<std::int64_t>(sizeof(State))));
  State* states = reinterpret_cast<State*>(memory.bytes());
  launch(name, columns_kernel<kThreads, Source, ToPartial<State>>, tiling.blocks, tiling.threads,
         source, ToPartial<State>{states, columns}, rows, columns, tiling.chunk, tiling.strips);
  finish_columns(name, parts, columns, Partial<State>{states, columns}, sink);
}

}  // namespace needle::cuda
