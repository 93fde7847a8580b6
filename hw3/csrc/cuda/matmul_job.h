#pragma once
// What matmul.cpp hands to the files of kernels.

#include <cstdint>

#include "common/layout.h"
#include "cuda/matmul_plan.h"
#include "ops/matmul_kernels.h"

namespace needle::cuda {

/// Products that one kernel computes; at most kMostPlaces of them.
struct ProductJob {
  std::int64_t m, k, n;
  device::Matrix a, b;
  char* c;
  Loops<3> batch;  // of c, a and b

  std::int64_t depth, parts;  // of the sum (see Plan); part p is written to c + p * part_size
  std::int64_t part_size;

  // See MatrixLoader: how the matrices are read, and whether both allow several numbers at once.
  bool a_along_k, b_along_k;
  bool vector_loads;
};

/// Start the kernels of tiles of that size.
void multiply_float32(TileSize tile, const ProductJob& job);
void multiply_float64(TileSize tile, const ProductJob& job);
/// Tiles of 32 x 32 only.
void multiply_integers(DType dtype, const ProductJob& job);

/// Multiplies matrices of m x k and vectors: n is 1. `sharing` warps share a row, where rows lie
/// along k.
void multiply_vector(DType dtype, int sharing, const ProductJob& job);

/// out[i] = parts[i] + parts[i + size] + ..., in this order.
void sum_parts(DType dtype, char* out, const char* parts, std::int64_t count, std::int64_t size);

}  // namespace needle::cuda
