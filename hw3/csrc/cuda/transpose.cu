// Transposition: elements that are neighbours along one axis of the input are neighbours along
// another one of the result. Both are read and written in whole lines, by way of shared memory.

#include "common/visit.h"
#include "cuda/elementwise_job.h"
#include "cuda/launch.h"

namespace needle::cuda {
namespace {

constexpr int kTile = 32;  // the side of a square that passes through shared memory
constexpr int kRows = 8;   // of a tile, that a block moves at once

/// Moves tiles of rows x columns, where columns are neighbours in `out` and rows in `in`; the other
/// axes are walked tile by tile.
template <class T>
__global__ void __launch_bounds__(kTile* kRows)
    transpose_kernel(T* out, const T* in, std::int64_t rows, std::int64_t columns,
                     std::int64_t out_row_stride, std::int64_t in_column_stride, Divider row_tiles,
                     Divider column_tiles, Offsets<2> places) {
  // One column more than needed: so a column does not lie in one bank.
  __shared__ T tile[kTile][kTile + 1];
  const std::uint32_t unit = column_tiles.divide(blockIdx.x);
  const std::uint32_t place = row_tiles.divide(unit);
  const std::int64_t row = std::int64_t{unit - place * row_tiles.divisor()} * kTile;
  const std::int64_t column = std::int64_t{blockIdx.x - unit * column_tiles.divisor()} * kTile;
  std::int64_t at[2];
  places.at(place, at);
  const T* from = in + at[1];
  T* to = out + at[0];
  for (int i = threadIdx.y; i < kTile; i += kRows) {
    if (column + i < columns && row + threadIdx.x < rows) {
      tile[i][threadIdx.x] = from[(column + i) * in_column_stride + row + threadIdx.x];
    }
  }
  __syncthreads();
  for (int i = threadIdx.y; i < kTile; i += kRows) {
    if (row + i < rows && column + threadIdx.x < columns) {
      to[(row + i) * out_row_stride + column + threadIdx.x] = tile[threadIdx.x][i];
    }
  }
}

template <class T>
void start(char* out, const char* in, const Loops<2>& loops, int row_axis) {
  const int column_axis = loops.shape.size() - 1;
  Loops<2> outer = loops;
  outer.shape[row_axis] = outer.shape[column_axis] = 1;
  const std::int64_t rows = loops.shape[row_axis], columns = loops.shape[column_axis];
  const std::int64_t row_tiles = ceil_div(rows, kTile), column_tiles = ceil_div(columns, kTile);
  launch("transpose", transpose_kernel<T>, {count(outer.shape) * row_tiles * column_tiles},
         {kTile, kRows}, reinterpret_cast<T*>(out), reinterpret_cast<const T*>(in), rows, columns,
         loops.strides[0][row_axis], loops.strides[1][column_axis], Divider(row_tiles),
         Divider(column_tiles), Offsets<2>(outer));
}

/// The axis whose neighbours in the input are neighbours in memory, if those in the result are
/// others: the work of a transposition. -1 if it is none.
int transposed_axis(const Loops<2>& loops) {
  const int last = loops.shape.size() - 1;
  if (last < 1 || loops.strides[0][last] != 1 || loops.strides[1][last] == 1) return -1;
  if (loops.shape[last] < kTile / 2) return -1;
  for (int axis = 0; axis < last; ++axis) {
    if (loops.strides[1][axis] == 1 && loops.shape[axis] >= kTile / 2) return axis;
  }
  return -1;
}

}  // namespace

bool transpose(DType dtype, char* out, const char* in, const Loops<2>& loops) {
  const int axis = transposed_axis(loops);
  if (axis < 0 || count(loops.shape) > kMostPlaces) return false;
  visit_width(dtype, [&]<class T>(T) { start<T>(out, in, loops, axis); });
  return true;
}

}  // namespace needle::cuda
