// The gradient of filters: dw = patches(x)^T dy, a sum over all pixels. Few tiles have long sums,
// so these are cut into parts, which are added up by a second kernel in a fixed order. Sizes alone
// decide into how many: results do not depend on the GPU.

#include <algorithm>
#include <vector>

#include "cuda/conv.h"
#include "cuda/conv_images.h"
#include "cuda/launch.h"
#include "ops/floating.h"

namespace needle::cuda {
namespace {

using std::int64_t;
using std::uint32_t;

constexpr int64_t kBlocks = 512;      // keep a large GPU busy
constexpr int64_t kPartPixels = 256;  // are worth another sum
constexpr int64_t kMostParts = 256;

template <class T>
struct FilterGradient {
  Patches<T> x, dy;  // of the first group; dy as patches of a single tap
  int64_t next_x, next_dy;
  uint32_t groups, columns;  // columns: filters of a group
  uint32_t row_tiles, column_tiles;
  uint32_t part_pixels;  // a multiple of the tile's step
  T* out;                // (parts, taps and channels, filters)
  int64_t out_columns, next_part;
};

template <class Tile, int Size, class T>
__global__ void __launch_bounds__(Tile::kThreads, kResident<Tile>)
    filters_kernel(FilterGradient<T> job) {
  uint32_t block = blockIdx.x;
  const auto take = [&block](uint32_t count) {
    const uint32_t rest = block / count, own = block - rest * count;
    block = rest;
    return own;
  };
  const uint32_t first_column = take(job.column_tiles) * Tile::kN;
  const uint32_t first_row = take(job.row_tiles) * Tile::kM;
  const uint32_t group = take(job.groups), part = block;
  Patches<T> x = job.x, dy = job.dy;
  x.data += group * job.next_x;
  dy.data += group * job.next_dy;
  const uint32_t begin = part * job.part_pixels;
  const uint32_t rest = x.pixels - begin;
  const uint32_t pixels = rest < job.part_pixels ? rest : job.part_pixels;

  using A = TapRows<typename Tile::SliceA, T, Tile::kThreads, Size>;
  using B = TapRows<typename Tile::SliceB, T, Tile::kThreads, Size>;
  A a(x, first_row, begin, begin + pixels);
  B b(dy, first_column, begin, begin + pixels);
  T sums[Tile::kRows][Tile::kCols];
  multiply_tile<Tile>(a, b, static_cast<int>((pixels + Tile::kK - 1) / Tile::kK), sums);

  T* const out = job.out + part * job.next_part + int64_t{group} * job.columns;
#pragma unroll
  for (int i = 0; i < Tile::kRows; ++i) {
    const uint32_t row = first_row + Tile::row(i);
    if (row >= x.depth) continue;
#pragma unroll
    for (int j = 0; j < Tile::kCols; j += Size) {
      const uint32_t column = first_column + Tile::col(j);
      if (column >= job.columns) continue;
      Group<T, Size> to;
#pragma unroll
      for (int n = 0; n < Size; ++n) to.values[n] = sums[i][j + n];
      write_group(out + row * job.out_columns + column, to);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    add_parts_kernel(T* sum, const T* parts, int64_t count, int64_t size) {
  const int64_t at = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (at >= size) return;
  T total = 0;
  for (int64_t part = 0; part < count; ++part) total += parts[part * size + at];
  sum[at] = total;
}

/// Into how many parts the pixels of some images are cut.
int64_t count_parts(int64_t pixels, int64_t tiles) {
  const int64_t wanted = std::min(kBlocks / std::max<int64_t>(tiles, 1), pixels / kPartPixels);
  return std::clamp<int64_t>(wanted, 1, kMostParts);
}

/// What the pixels of a batch are summed up into.
struct BatchPart {
  int64_t begin, batch, parts;
};

/// The gradients themselves are the only pixels that they meet.
PatchAxis own_places(int64_t size) {
  return {0, 1, 0, static_cast<uint32_t>(size)};
}

template <class Tile, int Size, class T>
void start(const View& x, const View& dy, const Convolution& convolution, const View& dw) {
  const int64_t channels = dw.shape[2], groups = convolution.groups;
  const int64_t columns = dw.shape[3] / groups;
  const int64_t depth = dw.shape[0] * dw.shape[1] * channels, pixels = dy.shape[1] * dy.shape[2];
  const int64_t row_tiles = ceil_div(depth, Tile::kM), column_tiles = ceil_div(columns, Tile::kN);
  std::vector<BatchPart> batches;
  int64_t parts = 0;
  const int64_t most = std::min(images_at_once(x, pixels), images_at_once(dy, pixels));
  for_each_batch_part(dy.shape[0], most, [&](int64_t begin, int64_t batch) {
    batches.push_back(
        {begin, batch, count_parts(batch * pixels, row_tiles * column_tiles * groups)});
    parts += batches.back().parts;
  });
  if (parts == 0) {  // no images
    const auto bytes = static_cast<std::size_t>(dw.size()) * sizeof(T);
    NEEDLE_CUDA_CHECK(cudaMemsetAsync(dw.bytes(), 0, bytes, stream()));
    return;
  }
  Dims shape(1, parts);
  for (const int64_t size : dw.shape) shape.push_back(size);
  const View sums = parts == 1 ? dw : View::empty(dw.dtype, shape);

  const PhaseSteps rows = forward_steps(make_axis(x.shape, dw.shape, dy.shape, convolution, 0));
  const PhaseSteps cols = forward_steps(make_axis(x.shape, dw.shape, dy.shape, convolution, 1));
  FilterGradient<T> job;
  job.groups = static_cast<uint32_t>(groups);
  job.columns = static_cast<uint32_t>(columns);
  job.row_tiles = static_cast<uint32_t>(row_tiles);
  job.column_tiles = static_cast<uint32_t>(column_tiles);
  job.out = sums.data<T>();
  job.out_columns = dw.shape[3];
  job.next_part = dw.size();
  for (const BatchPart& part : batches) {
    job.x = make_patches<T>(some_images(x, part.begin, part.batch), channels);
    job.x.rows = make_patch_axis(rows, x.shape[1]);
    job.x.cols = make_patch_axis(cols, x.shape[2]);
    job.x.tap_cols = Divider(dw.shape[1]);
    job.x.depth = static_cast<uint32_t>(depth);
    job.dy = make_patches<T>(some_images(dy, part.begin, part.batch), columns);
    job.dy.rows = own_places(dy.shape[1]);
    job.dy.cols = own_places(dy.shape[2]);
    job.dy.depth = job.columns;
    for (Patches<T>* patches : {&job.x, &job.dy}) {
      patches->out_rows = Divider(dy.shape[1]);
      patches->out_cols = Divider(dy.shape[2]);
      patches->pixels = static_cast<uint32_t>(part.batch * pixels);
    }
    job.next_x = channels * job.x.channel_stride;
    job.next_dy = columns * job.dy.channel_stride;
    const int64_t each = ceil_div(part.batch * pixels, part.parts);
    job.part_pixels = static_cast<uint32_t>(ceil_div(each, Tile::kK) * Tile::kK);
    launch("conv2d_weight_gradient", filters_kernel<Tile, Size, T>,
           {row_tiles * column_tiles * groups * part.parts}, {Tile::kThreads}, job);
    job.out += part.parts * job.next_part;
  }
  if (parts > 1) add_parts(sums, dw);
}

/// Chooses a tile, by the same reasoning as for the images; parts fill the GPU here.
template <class T>
void start(const View& x, const View& dy, const Convolution& convolution, const View& dw) {
  constexpr int kSize = kVector<T>;
  const int64_t columns = dw.shape[3] / convolution.groups;
  const int64_t depth = dw.shape[0] * dw.shape[1] * dw.shape[2];
  const bool vectors = in_groups<T>(x, dw.shape[2], kSize) && in_groups<T>(dy, columns, kSize);
  if constexpr (sizeof(T) == 8) {
    start<Tile<T, 64, 64, 8, 4, 4>, 1, T>(x, dy, convolution, dw);
  } else if (columns <= 32) {
    using Narrow = Tile<T, 128, 32, 16, 8, 4>;
    vectors ? start<Narrow, kSize, T>(x, dy, convolution, dw)
            : start<Narrow, 1, T>(x, dy, convolution, dw);
  } else if (!vectors) {
    start<Tile<T, 64, 64, 16, 4, 4>, 1, T>(x, dy, convolution, dw);
  } else if (columns > 64 && depth > 64) {
    start<Tile<T, 128, 128, 8, 8, 8>, kSize, T>(x, dy, convolution, dw);
  } else {
    start<Tile<T, 64, 64, 16, 4, 4>, kSize, T>(x, dy, convolution, dw);
  }
}

}  // namespace

void correlate_filters(const View& x, const View& dy, const Convolution& convolution,
                       const View& dw) {
  const View images = with_short_offsets(x), gradients = with_short_offsets(dy);
  visit_floating(x.dtype, [&]<class T>(T) { start<T>(images, gradients, convolution, dw); });
}

void add_parts(const View& parts, const View& sum) {
  visit_floating(sum.dtype, [&]<class T>(T) {
    launch_for("add_parts", add_parts_kernel<T>, sum.size(), sum.data<T>(),
               static_cast<const T*>(parts.data<T>()), parts.shape[0], sum.size());
  });
}

}  // namespace needle::cuda
