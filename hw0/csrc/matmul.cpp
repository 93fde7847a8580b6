// The product is cut into tiles of C that fit in registers. A tile is MR rows by NV vectors of
// W floats; each step along the shared dimension loads NV vectors of B, and multiplies them by
// one number from each of the MR rows of A: MR * NV multiply-adds for MR + NV loads.
//
//          B  [ k ]  NV vectors
//   A  [ k ]  +---------------+
//   MR rows   |  tile of C    |
//             +---------------+
//
// B is first copied, kDepth rows of one tile's width at a time, to a panel that stays in the
// nearest cache. The panel is padded with zeros to whole vectors, so that the inner loop has
// no special case at the edge and reads nothing outside of B.

#include "matmul.h"

#include <algorithm>
#include <array>
#include <vector>

#if defined(__GNUC__)
#define NEEDLE_INLINE inline __attribute__((always_inline))
#define NEEDLE_UNROLL _Pragma("GCC unroll 16")
#else
#define NEEDLE_INLINE inline
#define NEEDLE_UNROLL
#endif

namespace needle {
namespace {

constexpr int64_t kDepth = 256;

/// W floats that the processor handles as one.
template <int W>
struct Vector {
#if defined(__GNUC__)
  typedef float Register __attribute__((vector_size(W * sizeof(float))));
  // The same in memory: at any address of a float, and allowed to alias floats.
  typedef float Memory
      __attribute__((vector_size(W * sizeof(float)), aligned(alignof(float)), may_alias));
#else  // plain numbers: the same results, several times slower
  static_assert(W == 1, "this compiler has no vector types");
  using Register = float;
  using Memory = float;
#endif
};

/// Copies `rows` x `cols` numbers of B to rows of `Width`, filled up with zeros.
template <int Width>
NEEDLE_INLINE void pack(const float* b, int64_t row_stride, int64_t col_stride, int64_t rows,
                        int64_t cols, float* panel) {
  for (int64_t k = 0; k < rows; ++k, b += row_stride, panel += Width) {
    if (cols == Width && col_stride == 1) {  // sizes known: becomes plain vector moves
      for (int64_t j = 0; j < Width; ++j) panel[j] = b[j];
    } else {
      for (int64_t j = 0; j < Width; ++j) panel[j] = j < cols ? b[j * col_stride] : 0.0f;
    }
  }
}

/// Adds scale * A B to one tile of C, of which `rows` x `cols` lie inside the matrix.
template <int W, int MR, int NV>
NEEDLE_INLINE void tile(MatrixView a, int64_t rows, const float* panel, int64_t depth, float scale,
                        float* c, int64_t cols, int64_t c_stride) {
  using Register = typename Vector<W>::Register;
  using Memory = typename Vector<W>::Memory;
  Register sum[MR][NV] = {};
  // Rows past the last repeat it: computed with the others, never stored.
  const float* row[MR];
  NEEDLE_UNROLL for (int i = 0; i < MR; ++i) {
    row[i] = a.data + std::min<int64_t>(i, rows - 1) * a.row_stride;
  }
  for (int64_t k = 0, at = 0; k < depth; ++k, at += a.col_stride, panel += NV * W) {
    NEEDLE_UNROLL for (int i = 0; i < MR; ++i) {
      NEEDLE_UNROLL for (int j = 0; j < NV; ++j) {
        sum[i][j] += row[i][at] * *reinterpret_cast<const Memory*>(panel + j * W);
      }
    }
  }
  NEEDLE_UNROLL for (int i = 0; i < MR; ++i) {
    if (i == rows) break;
    float* out = c + i * c_stride;
    if (cols == NV * W) {
      NEEDLE_UNROLL for (int j = 0; j < NV; ++j) {
        *reinterpret_cast<Memory*>(out + j * W) += scale * sum[i][j];
      }
    } else {
      float line[NV * W];
      NEEDLE_UNROLL for (int j = 0; j < NV; ++j) {
        *reinterpret_cast<Memory*>(line + j * W) = sum[i][j];
      }
      for (int64_t j = 0; j < cols; ++j) out[j] += scale * line[j];
    }
  }
}

/// Adds scale * A B to C, where B and C are at most NV vectors wide.
template <int W, int MR, int NV>
NEEDLE_INLINE void column_panel(float* c, int64_t c_stride, float scale, MatrixView a,
                                MatrixView b) {
  alignas(64) float panel[kDepth * NV * W];
  for (int64_t k = 0; k < a.cols; k += kDepth) {
    const int64_t depth = std::min(kDepth, a.cols - k);
    pack<NV * W>(b.data + k * b.row_stride, b.row_stride, b.col_stride, depth, b.cols, panel);
    for (int64_t i = 0; i < a.rows; i += MR) {
      MatrixView rows = a;
      rows.data += i * a.row_stride + k * a.col_stride;
      tile<W, MR, NV>(rows, std::min<int64_t>(MR, a.rows - i), panel, depth, scale,
                      c + i * c_stride, b.cols, c_stride);
    }
  }
}

template <int W, int MR, int NV>
NEEDLE_INLINE void add_product(float* c, float scale, MatrixView a, MatrixView b) {
  for (int64_t j = 0; j < b.cols; j += NV * W) {
    MatrixView panel = b;
    panel.data += j * b.col_stride;
    panel.cols = std::min<int64_t>(b.cols - j, NV * W);
    // One vector is enough for the ten classes of MNIST: a wider tile would multiply zeros.
    if (panel.cols <= W) {
      column_panel<W, MR, 1>(c + j, b.cols, scale, a, panel);
    } else {
      column_panel<W, MR, NV>(c + j, b.cols, scale, a, panel);
    }
  }
}

// One body, compiled for each set: everything above is inlined into these functions.
#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx512f"))) void product_avx512(float* c, float scale, MatrixView a,
                                                       MatrixView b) {
  add_product<16, 8, 2>(c, scale, a, b);
}

__attribute__((target("avx2,fma"))) void product_avx2(float* c, float scale, MatrixView a,
                                                      MatrixView b) {
  add_product<8, 6, 2>(c, scale, a, b);
}
#endif

void product_baseline(float* c, float scale, MatrixView a, MatrixView b) {
#if defined(__GNUC__)
  add_product<4, 6, 2>(c, scale, a, b);
#else
  add_product<1, 4, 4>(c, scale, a, b);
#endif
}

std::vector<InstructionSet> detect() {
  std::vector<InstructionSet> sets;
#if defined(__GNUC__) && defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) sets.push_back({"avx512", product_avx512});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    sets.push_back({"avx2", product_avx2});
  }
#endif
  sets.push_back({"baseline", product_baseline});
  return sets;
}

}  // namespace

std::span<const InstructionSet> instruction_sets() {
  static const std::vector<InstructionSet> sets = detect();
  return sets;
}

}  // namespace needle
