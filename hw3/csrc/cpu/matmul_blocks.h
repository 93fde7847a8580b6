#pragma once
// One product of float or double matrices, on one thread, cut into blocks that stay in the caches:
//
//   for each kBlockBytes of the shared dimension
//     copy that block of B to panels                      (they stay in the second cache)
//     for each strip of rows of A: copy it, multiply      (it stays in the first cache)
//
// What is used too seldom to pay for its copy is read where it is. See K. Goto and R. van de Geijn,
// "Anatomy of high-performance matrix multiplication" (2008).

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/buffer.h"
#include "cpu/matmul_kernels.h"

namespace needle {

/// The widest C for which a block of B stays in the second cache.
inline constexpr std::int64_t kBlockCols = 256;
/// Bytes of one lane of a block, along the shared dimension.
inline constexpr std::int64_t kBlockBytes = 4096;

/// How many pieces of at most `most` make up `total`.
constexpr std::int64_t pieces(std::int64_t total, std::int64_t most) {
  return (total + most - 1) / most;
}

/// The size of `count` about equal pieces of `total`, a multiple of `unit`.
constexpr std::int64_t even(std::int64_t total, std::int64_t count, std::int64_t unit = 1) {
  return pieces(pieces(total, count), unit) * unit;
}

/// The part of `a` that starts at (row, col) and has at most `rows` and `cols`.
template <class T>
MatrixView<T> block(MatrixView<T> a, std::int64_t row, std::int64_t col, std::int64_t rows,
                    std::int64_t cols) {
  return {a.data + row * a.row_stride + col * a.col_stride, std::min(rows, a.rows - row),
          std::min(cols, a.cols - col), a.row_stride, a.col_stride};
}

/// The longest step along the shared dimension.
template <class T>
inline constexpr std::int64_t kMostDepth = kBlockBytes / static_cast<std::int64_t>(sizeof(T));

/// The size of the steps along the shared dimension. These may be longer for a shorter one: of 8193
/// floats they are 911, and of 8192 floats 1024.
template <class T>
std::int64_t block_depth(std::int64_t depth) {
  return even(depth, pieces(depth, kMostDepth<T>));
}

/// Memory for the copies that products make, of one after the other.
template <class T>
class Workspace {
 public:
  /// Room for a strip of A and panels of B in steps of `block_depth`, of every product with at most
  /// this shared dimension and width of C.
  static Workspace matrices(const MatmulKernels<T>& kernels, std::int64_t depth,
                            std::int64_t cols) {
    depth = std::min(depth, kMostDepth<T>);
    return {even(kernels.tile_rows * depth, 1, 64), depth * even(cols, 1, kernels.tile_cols)};
  }
  /// Room for x of `depth` numbers.
  static Workspace vector(std::int64_t depth) { return {0, depth}; }

  T* strip() const { return static_cast<T*>(buffer_->data()); }
  T* panels() const { return strip() + strip_; }
  T* x() const { return panels(); }

 private:
  Workspace(std::int64_t strip, std::int64_t panels)
      : strip_(strip),
        buffer_(Buffer::allocate(sizeof(T) * static_cast<std::size_t>(strip + panels))) {}

  std::int64_t strip_;
  BufferRef buffer_;
};

/// Whether strips of A are better read where they are: few panels use them, and the steps along the
/// shared dimension do not all meet in the same few lines of a cache.
template <class T>
bool strips_in_place(const MatrixView<T>& a, std::int64_t panels) {
  if (a.col_stride == 1) return panels <= 4;
  const bool collide = a.col_stride * static_cast<std::int64_t>(sizeof(T)) % 1024 == 0;
  return !collide && panels <= (a.row_stride == 1 ? 4 : 1);
}

/// Whether panels of B are better read where they are: few strips use them, or all is small. Only
/// full ones can be: whole vectors are loaded of a panel, and those of one that is not full would
/// reach beyond B. That one is always copied and so filled up.
template <class T>
bool panels_in_place(const MatrixView<T>& b, std::int64_t rows) {
  const double work = static_cast<double>(rows) * static_cast<double>(b.rows * b.cols);
  return b.col_stride == 1 && (rows <= 24 || work <= 1 << 21);
}

/// C = A B, where C is at most kBlockCols wide and the shared dimension is not 0.
template <class T>
void multiply(const MatmulKernels<T>& kernels, const MatrixView<T>& a, const MatrixView<T>& b,
              const Output<T>& c, const Workspace<T>& space) {
  const std::int64_t width = kernels.tile_cols, depth = block_depth<T>(b.rows);
  const std::int64_t in_place = panels_in_place(b, a.rows) ? b.cols / width * width : 0;
  const std::int64_t copied = b.cols - in_place;
  T* strip = strips_in_place(a, pieces(b.cols, width)) ? nullptr : space.strip();
  for (std::int64_t k = 0; k < b.rows; k += depth) {
    const MatrixView<T> left = block(a, 0, k, a.rows, depth), right = block(b, k, 0, depth, b.cols);
    const auto add = [&](const Panels<T>& panels, std::int64_t col, std::int64_t cols) {
      kernels.multiply(left, panels, {c.data + col, c.rows, cols, c.row_stride, k > 0}, strip);
    };
    if (in_place > 0) add({right.data, width, right.row_stride}, 0, in_place);
    if (copied > 0) {
      kernels.pack(block(right, 0, in_place, depth, copied), space.panels());
      add({space.panels(), right.rows * width, width}, in_place, copied);
    }
  }
}

/// Whether `multiply_vector` can do it.
template <class T>
bool is_vector_product(const MatrixView<T>& a, const MatrixView<T>& b) {
  return b.cols == 1 && (a.col_stride == 1 || a.row_stride == 1);
}

/// y = A x, without gaps, where the shared dimension is not 0. Every element of A is used once:
/// what counts is to read them in the order in which they lie.
template <class T>
void multiply_vector(const MatmulKernels<T>& kernels, const MatrixView<T>& a,
                     const MatrixView<T>& x, T* y, const Workspace<T>& space) {
  const auto run = [&](const T* from) {
    (a.col_stride == 1 ? kernels.dot_rows : kernels.add_cols)(a, from, y);
  };
  if (x.row_stride == 1) return run(x.data);
  for (std::int64_t k = 0; k < x.rows; ++k) space.x()[k] = x.data[k * x.row_stride];
  run(space.x());
}

}  // namespace needle
