// Products of float and double matrices; compiled once per instruction set (see isa.h).
//
// C is cut into tiles that fit in registers: kRows rows by kVectors vectors of numbers. Each step
// along the shared dimension loads kVectors vectors of B, and multiplies them by one number from
// each row of A: kRows * kVectors multiply-adds for kRows + kVectors loads.
//
//            B  [ k ]  kVectors vectors
//    A  [ k ]  +-----------------------+
//    kRows     |       tile of C       |
//              +-----------------------+
//
// The strip of A, kRows high, is used for every panel of B: it stays in the nearest cache, and the
// panels come from the next one. An element of C is the sum of its products in the order of k,
// wherever in a tile it lies, so results do not depend on how C is cut up.

#include "cpu/matmul_kernels.h"
#include "cpu/matmul_pack.h"
#include "cpu/matmul_vector.h"
#include "cpu/simd_parts.h"

namespace needle::NEEDLE_ISA {
namespace {

/// The operands of one tile.
template <class T>
struct Tile {
  const T* a;
  int64_t a_row, a_step;  // strides between the rows of A, and along the shared dimension
  const T* b;
  int64_t b_step;
  int64_t depth;
  T* c;
  int64_t c_row;
  int64_t last;  // columns in the last vector
  bool accumulate;
};

template <class T, int Rows, int Vectors, class Part>
NEEDLE_INLINE void write(const Tile<T>& t, const Vector<T> (&sums)[Rows][Vectors], Part part) {
  NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) {
    T* row = t.c + i * t.c_row;
    NEEDLE_UNROLL for (int v = 0; v < Vectors - 1; ++v) {
      T* at = row + v * kLanes<T>;
      store(at, t.accumulate ? sums[i][v] + load(at) : sums[i][v]);
    }
    T* at = row + (Vectors - 1) * kLanes<T>;
    part.store(at, t.accumulate ? sums[i][Vectors - 1] + part.load(at) : sums[i][Vectors - 1]);
  }
}

template <class T, int Rows, int Vectors, bool Packed>
__attribute__((noinline)) void multiply_tile(const Tile<T>& t) {
  Vector<T> sums[Rows][Vectors] = {};
  const int64_t a_row = Packed ? 1 : t.a_row;
  const T *a = t.a, *b = t.b;
  for (int64_t k = 0; k < t.depth; ++k, a += t.a_step, b += t.b_step) {
    NEEDLE_UNROLL for (int i = 0; i < Rows; ++i) {
      NEEDLE_UNROLL for (int v = 0; v < Vectors; ++v) {
        sums[i][v] += a[i * a_row] * load(b + v * kLanes<T>);
      }
    }
  }
  if (t.last == kLanes<T>) {
    write(t, sums, Whole<T>());
  } else {
    write(t, sums, First<T>(t.last));
  }
}

/// Calls the tile of as many rows and vectors as there are.
template <class T, bool Packed, int Rows = kRows, int Vectors = kVectors>
NEEDLE_INLINE void choose_tile(const Tile<T>& t, int64_t rows, int64_t vectors) {
  if constexpr (Vectors > 1) {
    if (vectors < Vectors) return choose_tile<T, Packed, Rows, Vectors - 1>(t, rows, vectors);
  }
  if constexpr (Rows > 1) {
    if (rows < Rows) return choose_tile<T, Packed, Rows - 1, Vectors>(t, rows, vectors);
  }
  multiply_tile<T, Rows, Vectors, Packed>(t);
}

template <class T>
void multiply(MatrixView<T> a, Panels<T> b, Output<T> c, T* strip) {
  constexpr int kCols = kVectors * kLanes<T>;
  for (int64_t i = 0; i < c.rows; i += kRows) {
    const int64_t rows = smaller(kRows, c.rows - i);
    Tile<T> t = {
        a.data + i * a.row_stride, a.row_stride, a.col_stride, b.data,      b.row_stride, a.cols,
        c.data + i * c.row_stride, c.row_stride, kLanes<T>,    c.accumulate};
    if (strip != nullptr) {
      copy_lanes(t.a, t.a_row, t.a_step, rows, t.depth, strip, kRows);
      t.a = strip, t.a_row = 1, t.a_step = kRows;
    }
    for (int64_t j = 0; j < c.cols; j += kCols, t.b += b.panel_stride, t.c += kCols) {
      const int64_t cols = smaller(kCols, c.cols - j), vectors = (cols + kLanes<T> - 1) / kLanes<T>;
      t.last = cols - (vectors - 1) * kLanes<T>;
      if (t.a_row == 1) {
        choose_tile<T, true>(t, rows, vectors);
      } else {
        choose_tile<T, false>(t, rows, vectors);
      }
    }
  }
}

template <class T>
constexpr MatmulKernels<T> kernels = {kRows,       kVectors * kLanes<T>, pack<T>,
                                      multiply<T>, dot_rows<T>,          add_cols<T>};

}  // namespace

const MatmulTable& matmul_table() {
  static constexpr MatmulTable table = {kernels<float>, kernels<double>};
  return table;
}

}  // namespace needle::NEEDLE_ISA
