// Batches of products: each is cut into a grid of blocks, which are the tasks of the threads.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "common/visit.h"
#include "cpu/isa.h"
#include "cpu/matmul_blocks.h"
#include "cpu/matmul_kernels.h"
#include "cpu/parallel.h"
#include "ops/matmul_kernels.h"

namespace needle {
namespace {

using std::int64_t;

constexpr int64_t kBlockRows = 128;    // fewer do not pay for another copy of B
constexpr int64_t kVectorRows = 4096;  // of y = A x, so that y stays in the first cache
constexpr double kTaskWork = 1 << 18;  // multiplications that are worth a thread
constexpr int64_t kPartDepth = 8192;   // the shared dimension of a part, if it is cut
constexpr int64_t kMostParts = 16;
constexpr int64_t kPartOutputs = 1 << 17;  // larger results are not worth one copy for each part

template <class T>
const MatmulKernels<T>& kernels() {
  const MatmulTable& table = NEEDLE_CHOOSE(matmul_table);
  if constexpr (std::is_same_v<T, float>) {
    return table.float32;
  } else {
    return table.float64;
  }
}

template <class T>
struct Product {
  MatrixView<T> a, b;

  bool is_vector() const { return is_vector_product(a, b); }
};

/// Many products of one shape: the first one, and the way to the others.
template <class T>
struct Batch {
  Product<T> first;
  Loops<2> loops;

  int64_t count() const { return needle::count(loops.shape); }

  Product<T> operator[](int64_t index) const {
    Product<T> product = first;
    for (int axis = loops.shape.size() - 1; axis >= 0; --axis) {
      const int64_t place = index % loops.shape[axis];
      product.a.data += place * loops.strides[0][axis];
      product.b.data += place * loops.strides[1][axis];
      index /= loops.shape[axis];
    }
    return product;
  }
};

/// How each product of a batch is cut: the size of a block, and the number of blocks.
///
/// A cut along the shared dimension changes the order of a sum, so `depth` depends on sizes only.
/// The others change nothing, and may depend on the number of threads.
struct Grid {
  int64_t rows, cols, depth;
  int64_t down, across, deep;

  int64_t count() const { return down * across * deep; }

  /// Tasks that together are worth a thread.
  int64_t grain() const {
    const double work = static_cast<double>(rows * cols) * static_cast<double>(depth);
    return static_cast<int64_t>(kTaskWork / work) + 1;
  }
};

/// The number of blocks above each other, for a batch that has `others` tasks without that: more
/// than threads, because these may not be equally fast.
int64_t blocks_down(int64_t rows, int64_t others) {
  const int64_t wanted = num_threads() == 1 ? 1 : pieces(4 * num_threads(), others);
  return std::clamp<int64_t>(rows / kBlockRows, 1, wanted);
}

template <class T>
Grid plan(const Batch<T>& batch, const MatmulKernels<T>& kernels) {
  const auto& [a, b] = batch.first;
  const int64_t m = a.rows, k = a.cols, n = b.cols, count = batch.count();
  Grid grid = {};
  const bool cut = count * m * n <= kPartOutputs;
  grid.deep = cut ? std::clamp<int64_t>(k / kPartDepth, 1, kMostParts) : 1;
  grid.depth = even(k, grid.deep);
  grid.cols = std::min(n, even(n, pieces(n, kBlockCols), kernels.tile_cols));
  grid.across = pieces(n, grid.cols);
  if (batch.first.is_vector()) {
    grid.rows = std::min(m, kVectorRows);
  } else {
    const int64_t down = blocks_down(m, count * grid.across * grid.deep);
    grid.rows = std::min(m, even(m, down, kernels.tile_rows));
  }
  grid.down = pieces(m, grid.rows);
  return grid;
}

/// Computes block number `index` of a grid into `c`, which has one matrix for each part in depth.
template <class T>
void compute(const MatmulKernels<T>& kernels, const Product<T>& product, const Grid& grid,
             int64_t index, T* c, const Workspace<T>& space) {
  const int64_t part = index % grid.deep, k = part * grid.depth;
  const int64_t col = index / grid.deep % grid.across * grid.cols;
  const int64_t row = index / grid.deep / grid.across * grid.rows;
  const MatrixView<T> a = block(product.a, row, k, grid.rows, grid.depth);
  const MatrixView<T> b = block(product.b, k, col, grid.depth, grid.cols);
  const int64_t n = product.b.cols;
  c += part * product.a.rows * n + row * n + col;
  if (product.is_vector()) {
    multiply_vector(kernels, a, b, c, space);
  } else {
    multiply(kernels, a, b, {c, a.rows, b.cols, n, false}, space);
  }
}

/// to[i] = from[i] + from[i + size] + ..., in this order.
template <class T>
void sum_parts(const T* from, int64_t parts, int64_t size, T* to) {
  std::copy(from, from + size, to);
  for (int64_t part = 1; part < parts; ++part) {
    for (int64_t i = 0; i < size; ++i) to[i] += from[part * size + i];
  }
}

/// Computes all blocks of a batch; `c` has room for `grid.deep` results of each product.
template <class T>
void compute_all(const MatmulKernels<T>& kernels, const Batch<T>& batch, const Grid& grid, T* c) {
  const int64_t size = batch.first.a.rows * batch.first.b.cols * grid.deep;
  parallel_for(batch.count() * grid.count(), grid.grain(), [&](int64_t begin, int64_t end) {
    const Workspace<T> space = batch.first.is_vector()
                                   ? Workspace<T>::vector(grid.depth)
                                   : Workspace<T>::matrices(kernels, grid.depth, grid.cols);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t index = task / grid.count();
      compute(kernels, batch[index], grid, task % grid.count(), c + index * size, space);
    }
  });
}

template <class T>
void multiply_batch(const Batch<T>& batch, T* c) {
  const MatmulKernels<T>& kernels = needle::kernels<T>();
  const Grid grid = plan(batch, kernels);
  if (grid.deep == 1) return compute_all(kernels, batch, grid, c);
  const int64_t count = batch.count(), size = batch.first.a.rows * batch.first.b.cols;
  const std::size_t bytes = sizeof(T) * static_cast<std::size_t>(count * grid.deep * size);
  const BufferRef buffer(Buffer::allocate(bytes));
  T* parts = static_cast<T*>(buffer->data());
  compute_all(kernels, batch, grid, parts);
  for (int64_t i = 0; i < count; ++i) {
    sum_parts(parts + i * grid.deep * size, grid.deep, size, c + i * size);
  }
}

/// to[i * to_stride + j] = from(i, j)
template <class T>
void copy_rows(const MatrixView<T>& from, T* to, int64_t to_stride) {
  for (int64_t i = 0; i < from.rows; ++i) {
    for (int64_t j = 0; j < from.cols; ++j) {
      to[i * to_stride + j] = from.data[i * from.row_stride + j * from.col_stride];
    }
  }
}

/// C = A B for integers, of which sums wrap; some rows and columns of B at a time are copied to
/// where they lie next to each other.
template <class T>
void multiply_integers(const MatrixView<T>& a, const MatrixView<T>& b, T* c) {
  using Wrapping = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
  constexpr int64_t kRows = 32, kCols = 256;
  T panel[kRows][kCols];
  std::fill(c, c + a.rows * b.cols, T(0));
  for (int64_t col = 0; col < b.cols; col += kCols) {
    for (int64_t row = 0; row < b.rows; row += kRows) {
      const MatrixView<T> part = block(b, row, col, kRows, kCols);
      copy_rows(part, panel[0], kCols);
      for (int64_t i = 0; i < a.rows; ++i) {
        T* out = c + i * b.cols + col;
        for (int64_t k = 0; k < part.rows; ++k) {
          const Wrapping factor = a.data[i * a.row_stride + (row + k) * a.col_stride];
          for (int64_t j = 0; j < part.cols; ++j) {
            out[j] = static_cast<T>(out[j] + factor * static_cast<Wrapping>(panel[k][j]));
          }
        }
      }
    }
  }
}

template <class T>
void multiply_batch_of_integers(const Batch<T>& batch, T* c) {
  const auto& [a, b] = batch.first;
  const int64_t size = a.rows * b.cols;
  const Grid grid = {a.rows, b.cols, a.cols, 1, 1, 1};
  parallel_for(batch.count(), grid.grain(), [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const Product<T> product = batch[index];
      multiply_integers(product.a, product.b, c + index * size);
    }
  });
}

template <class T>
MatrixView<T> view_of(const device::Matrix& matrix, int64_t rows, int64_t cols) {
  const T* data = reinterpret_cast<const T*>(matrix.data);
  return {data, rows, cols, matrix.row_stride, matrix.col_stride};
}

template <class T>
void multiply_as(const device::Products& all) {
  const Batch<T> batch = {{view_of<T>(all.a, all.m, all.k), view_of<T>(all.b, all.k, all.n)},
                          all.batch};
  T* const c = reinterpret_cast<T*>(all.c);
  if constexpr (std::is_floating_point_v<T>) {
    multiply_batch(batch, c);
  } else {
    multiply_batch_of_integers(batch, c);
  }
}

}  // namespace

bool device::copy_pays(const View&, int64_t) {
  return false;  // what is used often is copied piece by piece
}

void device::multiply(const Products& products) {
  visit(products.dtype, [&]<class T>(T) { multiply_as<T>(products); });
}

}  // namespace needle
