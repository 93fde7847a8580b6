// A matrix is cut into tiles: chunks of rows, and of columns where there are many. Each tile gives
// partial results for its columns, which are then combined, chunk by chunk. That bounds rounding
// errors, and gives threads something to do.

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/normalization_choice.h"
#include "cpu/pack.h"
#include "cpu/parallel.h"
#include "ops/floating.h"
#include "ops/normalization_kernels.h"

namespace needle {
namespace {

/// How a matrix of (rows, columns) is cut; depends on its shape alone.
struct Tiles {
  std::int64_t rows, columns;
  std::int64_t chunk, width;    // of a tile
  std::int64_t chunks, strips;  // the number of tiles, down and across

  explicit Tiles(const Dims& shape) : rows(shape[0]), columns(shape[1]) {
    constexpr std::int64_t kColumns = 256, kElements = 1 << 15;  // which stay in the second cache
    width = std::min(columns, kColumns);
    chunk = std::min(rows, std::clamp<std::int64_t>(kElements / width, 128, 1024));
    chunks = (rows + chunk - 1) / chunk;
    strips = (columns + width - 1) / width;
  }
};

struct Tile {
  std::int64_t index;  // of its chunk
  std::int64_t row, column, rows, columns;
};

/// Calls `body(tile)` for all tiles, in parallel.
template <class Body>
void for_tiles(const Tiles& tiles, const Body& body) {
  constexpr std::int64_t kWork = 1 << 15;  // elements worth a turn of a thread
  const std::int64_t grain = std::max<std::int64_t>(1, kWork / (tiles.chunk * tiles.width));
  parallel_for(tiles.chunks * tiles.strips, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t index = i / tiles.strips;
      const std::int64_t row = index * tiles.chunk, column = i % tiles.strips * tiles.width;
      body(Tile{index, row, column, std::min(tiles.chunk, tiles.rows - row),
                std::min(tiles.width, tiles.columns - column)});
    }
  });
}

/// A tile of a view: where it lies, or packed into `buffer` if its rows have gaps.
template <class T>
Rectangle<T> rectangle(const View& view, const Tile& tile, std::vector<T>& buffer) {
  const T* first = view.data<T>() + tile.row * view.strides[0] + tile.column * view.strides[1];
  if (view.strides[1] == 1 || tile.columns == 1) {
    return {first, tile.rows, tile.columns, view.strides[0]};
  }
  buffer.resize(static_cast<std::size_t>(tile.rows * tile.columns));
  pack(buffer.data(), first, Block{tile.rows, tile.columns, view.strides[0], view.strides[1]},
       sizeof(T));
  return {buffer.data(), tile.rows, tile.columns, tile.columns};
}

/// Means and sums of squared deviations of all chunks become those of the whole (Chan et al.,
/// 1979), in the order of the chunks.
void combine(const Tiles& tiles, std::vector<double>& means, std::vector<double>& squares) {
  const std::int64_t d = tiles.columns;
  for (std::int64_t chunk = 1; chunk < tiles.chunks; ++chunk) {
    const double before = static_cast<double>(chunk * tiles.chunk);
    const double size =
        static_cast<double>(std::min(tiles.chunk, tiles.rows - chunk * tiles.chunk));
    const double share = size / (before + size);
    for (std::int64_t j = 0; j < d; ++j) {
      const double distance = means[chunk * d + j] - means[j];
      means[j] += distance * share;
      squares[j] += squares[chunk * d + j] + distance * distance * before * share;
    }
  }
}

/// The sums of all chunks.
std::vector<double> added(const Tiles& tiles, std::vector<double> parts) {
  const std::int64_t d = tiles.columns;
  for (std::int64_t chunk = 1; chunk < tiles.chunks; ++chunk) {
    for (std::int64_t j = 0; j < d; ++j) parts[j] += parts[chunk * d + j];
  }
  return parts;
}

template <class T>
void normalize(const View& x, const View& weight, const View& bias, double eps, const View& y,
               const View& mean, const View& variance) {
  const auto& kernels = normalization_kernels(T());
  const Tiles tiles(x.shape);
  const std::int64_t d = tiles.columns;
  std::vector<double> means(static_cast<std::size_t>(tiles.chunks * d)), squares(means);
  for_tiles(tiles, [&](const Tile& tile) {
    std::vector<T> buffer;
    const std::int64_t at = tile.index * d + tile.column;
    kernels.moments(rectangle(x, tile, buffer), means.data() + at, squares.data() + at);
  });
  combine(tiles, means, squares);
  std::vector<T> factor(static_cast<std::size_t>(d));
  for (std::int64_t j = 0; j < d; ++j) {
    mean.data<T>()[j] = static_cast<T>(means[j]);
    variance.data<T>()[j] = static_cast<T>(squares[j] / static_cast<double>(tiles.rows));
    factor[j] = weight.data<T>()[j] / std::sqrt(variance.data<T>()[j] + static_cast<T>(eps));
  }
  for_tiles(tiles, [&](const Tile& tile) {
    std::vector<T> buffer;
    kernels.columns(rectangle(x, tile, buffer), mean.data<T>() + tile.column,
                    factor.data() + tile.column, bias.data<T>() + tile.column,
                    y.data<T>() + tile.row * d + tile.column, d);
  });
}

template <class T>
void gradient(const View& grad, const View& x, const View& weight, const View& mean,
              const View& variance, double eps, const View& dx, const View& dweight,
              const View& dbias) {
  const auto& kernels = normalization_kernels(T());
  const Tiles tiles(x.shape);
  const std::int64_t d = tiles.columns;
  const T* means = mean.data<T>();
  std::vector<double> sums(static_cast<std::size_t>(tiles.chunks * d)), products(sums);
  for_tiles(tiles, [&](const Tile& tile) {
    std::vector<T> buffer, grad_buffer;
    const std::int64_t at = tile.index * d + tile.column;
    kernels.column_sums(rectangle(grad, tile, grad_buffer), rectangle(x, tile, buffer),
                        means + tile.column, sums.data() + at, products.data() + at);
  });
  sums = added(tiles, std::move(sums));
  products = added(tiles, std::move(products));
  std::vector<T> shift(static_cast<std::size_t>(d)), tilt(shift), factor(shift);
  const double m = static_cast<double>(tiles.rows);
  for (std::int64_t j = 0; j < d; ++j) {
    const double rate = 1 / std::sqrt(static_cast<double>(variance.data<T>()[j]) + eps);
    shift[j] = static_cast<T>(sums[j] / m);
    tilt[j] = static_cast<T>(rate * rate * products[j] / m);
    factor[j] = static_cast<T>(rate) * weight.data<T>()[j];
    dbias.data<T>()[j] = static_cast<T>(sums[j]);
    dweight.data<T>()[j] = static_cast<T>(products[j] * rate);
  }
  for_tiles(tiles, [&](const Tile& tile) {
    std::vector<T> buffer, grad_buffer;
    const std::int64_t j = tile.column;
    kernels.column_gradient(rectangle(grad, tile, grad_buffer), rectangle(x, tile, buffer),
                            means + j, shift.data() + j, tilt.data() + j, factor.data() + j,
                            dx.data<T>() + tile.row * d + j, d);
  });
}

}  // namespace

void device::batch_norm(const View& y, const View& mean, const View& variance, const View& x,
                        const View& weight, const View& bias, double eps) {
  visit_floating(x.dtype,
                 [&]<class T>(T) { normalize<T>(x, weight, bias, eps, y, mean, variance); });
}

void device::batch_norm_gradient(const View& dx, const View& dweight, const View& dbias,
                                 const View& grad, const View& x, const View& weight,
                                 const View& mean, const View& variance, double eps) {
  visit_floating(x.dtype, [&]<class T>(T) {
    gradient<T>(grad, x, weight, mean, variance, eps, dx, dweight, dbias);
  });
}

}  // namespace needle
