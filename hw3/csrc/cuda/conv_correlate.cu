// Sums of inputs times filters: y = patches(x) w, and dx = patches(dy) w^T, a tile at a time.
//
// dx comes in phases (ops/conv_phases.h), which differ in the taps that they meet: each is a
// product of its own. They share a launch, so that the small ones of strided convolutions fill the
// GPU. Tiles of the same pixels follow each other, as the patches are what costs most to read.

#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/conv.h"
#include "cuda/conv_filters.h"
#include "cuda/conv_images.h"
#include "cuda/launch.h"
#include "ops/floating.h"

namespace needle::cuda {
namespace {

using std::int64_t;
using std::uint32_t;

constexpr int kMostPhases = 8;  // of an axis that a kernel is told about

/// A phase along one axis.
struct PhaseAxis {
  PatchAxis patches;
  TapAxis filters;
  Divider outputs, taps;
  uint32_t tap_count = 0;  // taps divides by at least 1
  uint32_t out_begin = 0, out_step = 1;
};

struct PhaseAxes {
  PhaseAxis at[kMostPhases];
  uint32_t count = 0;
};

template <class T>
struct Correlation {
  Patches<T> patches;        // of the first group, but for what depends on the phase
  FilterMatrix<T> filters;   // of the first group
  uint32_t batch, channels;  // channels of a group
  PhaseAxes rows, cols;
  uint32_t groups;
  int64_t next_filters;  // from group to group
  T* out;                // row-major
  int64_t out_rows, out_cols, out_channels;
  uint32_t pixel_tiles, column_tiles;  // of the largest phase
};

/// Writes the sums that are pixels and columns of the result. They are given as groups, which can
/// be written at once if `Size` is not 1.
template <class Tile, int Size, class T>
__device__ void write_tile(const Correlation<T>& job, const Patches<T>& patches,
                           const PhaseAxis& rows, const PhaseAxis& cols, uint32_t first_pixel,
                           uint32_t first_column, T* out,
                           const T (&sums)[Tile::kRows][Tile::kCols]) {
#pragma unroll
  for (int i = 0; i < Tile::kRows; ++i) {
    const uint32_t pixel = first_pixel + Tile::row(i);
    if (pixel >= patches.pixels) continue;
    const uint32_t line = cols.outputs.divide(pixel), image = rows.outputs.divide(line);
    const uint32_t at_row = line - image * rows.outputs.divisor();
    const uint32_t at_col = pixel - line * cols.outputs.divisor();
    const int64_t row = int64_t{rows.out_begin} + int64_t{at_row} * rows.out_step;
    const int64_t col = int64_t{cols.out_begin} + int64_t{at_col} * cols.out_step;
    T* const to = out + ((image * job.out_rows + row) * job.out_cols + col) * job.out_channels;
#pragma unroll
    for (int j = 0; j < Tile::kCols; j += Size) {
      const uint32_t column = first_column + Tile::col(j);
      if (column >= job.filters.columns) continue;
      Group<T, Size> group;
#pragma unroll
      for (int n = 0; n < Size; ++n) group.values[n] = sums[i][j + n];
      write_group(to + column, group);
    }
  }
}

template <class Tile, int Size, class T>
__global__ void __launch_bounds__(Tile::kThreads, kResident<Tile>)
    correlate_kernel(Correlation<T> job) {
  uint32_t block = blockIdx.x;
  const auto take = [&block](uint32_t count) {
    const uint32_t rest = block / count, own = block - rest * count;
    block = rest;
    return own;
  };
  const uint32_t first_column = take(job.column_tiles) * Tile::kN;
  const uint32_t first_pixel = take(job.pixel_tiles) * Tile::kM;
  const PhaseAxis& cols = job.cols.at[take(job.cols.count)];
  const PhaseAxis& rows = job.rows.at[take(job.rows.count)];
  const uint32_t group = block;

  Patches<T> patches = job.patches;
  patches.data += int64_t{group} * job.channels * patches.channel_stride;
  patches.rows = rows.patches;
  patches.cols = cols.patches;
  patches.out_rows = rows.outputs;
  patches.out_cols = cols.outputs;
  patches.tap_cols = cols.taps;
  patches.pixels = job.batch * rows.outputs.divisor() * cols.outputs.divisor();
  patches.depth = rows.tap_count * cols.tap_count * job.channels;
  if (first_pixel >= patches.pixels) return;  // the whole block: the phase is a smaller one
  FilterMatrix<T> filters = job.filters;
  filters.data += group * job.next_filters;

  PixelRows<typename Tile::SliceA, T, Tile::kThreads, Size> a(patches, first_pixel);
  FilterRows<typename Tile::SliceB, T, Tile::kThreads, Size> b(filters, patches, rows.filters,
                                                               cols.filters, first_column);
  T sums[Tile::kRows][Tile::kCols];
  multiply_tile<Tile>(a, b, static_cast<int>((patches.depth + Tile::kK - 1) / Tile::kK), sums);
  write_tile<Tile, Size>(job, patches, rows, cols, first_pixel, first_column,
                         job.out + int64_t{group} * filters.columns, sums);
}

/// The phases of an axis: how many outputs there are, and the inputs that they meet.
PhaseAxis make_phase(const PhaseSteps& steps, int64_t outputs, int64_t inputs) {
  PhaseAxis phase;
  phase.outputs = Divider(outputs);
  // Taps at the ends that meet nothing but padding are left out.
  int64_t first = 0, last = steps.taps;
  const auto is_idle = [&](int64_t tap) {
    return steps.input(outputs - 1, tap) < 0 || steps.input(0, tap) >= inputs;
  };
  while (first < last && is_idle(first)) ++first;
  while (first < last && is_idle(last - 1)) --last;
  PhaseSteps met = steps;
  met.in_begin = steps.input(0, first);
  phase.patches = make_patch_axis(met, inputs);
  phase.filters = {static_cast<uint32_t>(steps.tap_begin + first * steps.tap_step),
                   static_cast<uint32_t>(steps.tap_step)};
  phase.tap_count = static_cast<uint32_t>(last - first);
  phase.taps = Divider(std::max<int64_t>(last - first, 1));
  phase.out_begin = static_cast<uint32_t>(steps.out_begin);
  phase.out_step = static_cast<uint32_t>(steps.out_step);
  return phase;
}

/// The phases of an axis of `outputs` places, in lists that a kernel can be told.
std::vector<PhaseAxes> make_phases(const std::vector<PhaseSteps>& phases, int64_t outputs,
                                   int64_t inputs) {
  std::vector<PhaseAxes> lists;
  for (const PhaseSteps& steps : phases) {
    if (lists.empty() || lists.back().count == kMostPhases) lists.emplace_back();
    const int64_t count = (outputs - 1 - steps.out_begin) / steps.out_step + 1;
    lists.back().at[lists.back().count++] = make_phase(steps, count, inputs);
  }
  return lists;
}

template <class Tile, int Size, class T>
void start(const char* name, Correlation<T>& job) {
  // The first phase is the largest one.
  const int64_t pixels =
      int64_t{job.batch} * job.rows.at[0].outputs.divisor() * job.cols.at[0].outputs.divisor();
  const int64_t pixel_tiles = ceil_div(pixels, Tile::kM);
  const int64_t column_tiles = ceil_div(job.filters.columns, Tile::kN);
  job.pixel_tiles = static_cast<uint32_t>(pixel_tiles);
  job.column_tiles = static_cast<uint32_t>(column_tiles);
  launch(name, correlate_kernel<Tile, Size, T>,
         {pixel_tiles * column_tiles * job.rows.count * job.cols.count * job.groups},
         {Tile::kThreads}, job);
}

/// Chooses a tile. Large ones reuse more of what they read: 128 x 128 needs 16 products for each
/// number from shared memory, and half of the traffic of 64 x 64; but there must be enough of them
/// for all multiprocessors. Sums are added in the same order in all.
template <class T>
void start(const char* name, Correlation<T>& job, bool in_groups) {
  constexpr int kSize = kVector<T>;
  const uint32_t columns = job.filters.columns;
  if constexpr (sizeof(T) == 8) {
    start<Tile<T, 64, 64, 8, 4, 4>, 1>(name, job);
  } else if (columns <= 32) {
    // Without vectors a thread reads many pixels: steps of 8 leave it the registers.
    in_groups ? start<Tile<T, 128, 32, 16, 8, 4>, kSize>(name, job)
              : start<Tile<T, 128, 32, 8, 8, 4>, 1>(name, job);
  } else if (!in_groups) {
    start<Tile<T, 64, 64, 16, 4, 4>, 1>(name, job);
  } else {
    const int64_t pixels = int64_t{job.batch} * job.rows.at[0].outputs.divisor() *
                           job.cols.at[0].outputs.divisor() * job.rows.count * job.cols.count;
    const int64_t large = ceil_div(pixels, 128) * ceil_div(columns, 128) * job.groups;
    if (columns > 64 && large >= 2 * multiprocessors()) {
      start<Tile<T, 128, 128, 8, 8, 8>, kSize>(name, job);
    } else {
      start<Tile<T, 64, 64, 16, 4, 4>, kSize>(name, job);
    }
  }
}

/// Correlates all groups: `w` is row-major of shape (rows, columns, channels, filters), of which a
/// group has `next_filters` further its first element.
template <class T>
void correlate_all(const char* name, const View& images, const View& w, int64_t next_filters,
                   int64_t groups, const std::vector<PhaseAxes>& rows,
                   const std::vector<PhaseAxes>& cols, const View& out) {
  const View x = with_short_offsets(images);
  const int64_t channels = x.shape[3] / groups, columns = out.shape[3] / groups;
  if (w.size() > kMostPlaces) {
    throw std::length_error("filters of shape " + to_string(w.shape) +
                            " are beyond the limit of CUDA kernels, " +
                            std::to_string(kMostPlaces) + " elements");
  }
  const bool vectors = in_groups<T>(x, channels, kVector<T>) &&
                       in_groups<T>(w, columns, kVector<T>) && next_filters % kVector<T> == 0;
  const int64_t most = images_at_once(x, out.shape[1] * out.shape[2]);
  for_each_batch_part(out.shape[0], most, [&](int64_t begin, int64_t batch) {
    Correlation<T> job;
    job.patches = make_patches<T>(some_images(x, begin, batch), channels);
    job.batch = static_cast<uint32_t>(batch);
    job.channels = static_cast<uint32_t>(channels);
    job.groups = static_cast<uint32_t>(groups);
    job.filters = {w.data<T>(), static_cast<uint32_t>(w.shape[3]),
                   static_cast<uint32_t>(w.shape[2]), static_cast<uint32_t>(w.shape[1]),
                   static_cast<uint32_t>(columns)};
    job.next_filters = next_filters;
    job.out = some_images(out, begin, batch).data<T>();
    job.out_rows = out.shape[1];
    job.out_cols = out.shape[2];
    job.out_channels = out.shape[3];
    for (const PhaseAxes& row_phases : rows) {
      for (const PhaseAxes& col_phases : cols) {
        job.rows = row_phases;
        job.cols = col_phases;
        start(name, job, vectors);
      }
    }
  });
}

}  // namespace

void correlate(const View& x, const View& w, const Convolution& convolution, const View& y) {
  const auto phases = [&](int axis) {
    const Axis sizes = make_axis(x.shape, w.shape, y.shape, convolution, axis);
    return make_phases({forward_steps(sizes)}, sizes.result, sizes.image);
  };
  const View filters = w.compact() ? w : copy(w);
  const int64_t groups = convolution.groups;
  visit_floating(x.dtype, [&]<class T>(T) {
    correlate_all<T>("conv2d", x, filters, w.shape[3] / groups, groups, phases(0), phases(1), y);
  });
}

void correlate_back(const View& dy, const View& w, const Convolution& convolution, const View& dx) {
  const auto phases = [&](int axis) {
    const Axis sizes = make_axis(dx.shape, w.shape, dy.shape, convolution, axis);
    return make_phases(backward_steps(sizes), sizes.image, sizes.result);
  };
  // Filters and channels change places: a small copy, after which columns are neighbours.
  View turned = w;
  std::swap(turned.shape[2], turned.shape[3]);
  std::swap(turned.strides[2], turned.strides[3]);
  const View filters = copy(turned);
  const int64_t groups = convolution.groups, next = w.shape[3] / groups * w.shape[2];
  visit_floating(dy.dtype, [&]<class T>(T) {
    correlate_all<T>("conv2d_input_gradient", dy, filters, next, groups, phases(0), phases(1), dx);
  });
}

}  // namespace needle::cuda
