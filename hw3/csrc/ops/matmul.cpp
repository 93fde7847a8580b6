#include "ops/matmul.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "common/errors.h"
#include "ops/matmul_kernels.h"
#include "ops/movement.h"

namespace needle {
namespace {

Dims without_matrix(Dims dims) {
  dims.resize(dims.size() - 2);
  return dims;
}

device::Matrix first_matrix(const View& a) {
  return {a.bytes(), a.strides[a.ndim() - 2], a.strides[a.ndim() - 1]};
}

void check(const View& a, const View& b) {
  const bool matrices = a.ndim() >= 2 && b.ndim() >= 2;
  if (!matrices || a.shape[a.ndim() - 1] != b.shape[b.ndim() - 2]) {
    throw std::invalid_argument("shapes " + to_string(a.shape) + " and " + to_string(b.shape) +
                                " do not multiply");
  }
  if (a.dtype != b.dtype) {
    throw TypeError(std::string("matmul takes arrays of one dtype, not ") + name_of(a.dtype) +
                    " and " + name_of(b.dtype));
  }
  if (a.dtype == DType::boolean) throw TypeError("matmul is not defined for dtype bool");
}

/// Computes the products of `a` and `b`, which have elements, into the matrices of `c`.
void multiply(const View& a, const View& b, const View& c, const Dims& batch) {
  const auto strides = [&](const View& view) {
    return broadcast_strides(without_matrix(view.shape), without_matrix(view.strides), batch);
  };
  const int rows = a.ndim() - 2, cols = b.ndim() - 1;
  device::Products products = {
      a.dtype,         a.shape[rows],   a.shape[rows + 1], b.shape[cols],
      first_matrix(a), first_matrix(b), c.bytes(),         {batch, {strides(a), strides(b)}}};
  products.merge_rows();
  if (products.m == 1 && is_floating(a.dtype)) products.transpose();
  device::multiply(products);
}

}  // namespace

void device::Products::transpose() {
  const auto turned = [](const Matrix& matrix) {
    return Matrix{matrix.data, matrix.col_stride, matrix.row_stride};
  };
  const Matrix left = turned(b);
  b = turned(a);
  a = left;
  std::swap(m, n);
  std::swap(batch.strides[0], batch.strides[1]);
}

void device::Products::merge_rows() {
  for (int last = batch.shape.size() - 1; last >= 0; --last) {
    const bool evenly = batch.strides[0][last] == m * a.row_stride;
    if (batch.strides[1][last] != 0 || !evenly) return;
    m *= batch.shape[last];
    batch.shape.resize(last);
  }
}

View matmul(const View& a, const View& b) {
  check(a, b);
  const Dims batch = broadcast(without_matrix(a.shape), without_matrix(b.shape));
  const std::int64_t m = a.shape[a.ndim() - 2], n = b.shape[b.ndim() - 1];
  Dims shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  View c = View::empty(a.dtype, shape);
  if (c.size() == 0) return c;
  if (a.shape[a.ndim() - 1] == 0) {
    fill(c, {c.dtype, {}});
    return c;
  }
  const bool copy_a = device::copy_pays(a, n), copy_b = device::copy_pays(b, m);
  if (copy_a || copy_b) {
    multiply(copy_a ? copy(a) : a, copy_b ? copy(b) : b, c, batch);
  } else {
    multiply(a, b, c, batch);
  }
  return c;
}

}  // namespace needle
