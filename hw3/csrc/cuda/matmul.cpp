// From products of matrices to the kernels that compute them.

#include <cstdint>
#include <cstdlib>

#include "cuda/cublas.h"
#include "cuda/matmul_job.h"
#include "cuda/matmul_plan.h"
#include "cuda/offsets.h"
#include "ops/matmul_kernels.h"

namespace needle {
namespace cuda {
namespace {

using std::int64_t;

constexpr int64_t kVectorBytes = 16;
/// A matrix without neighbours in memory is copied if each of its elements is used that often: then
/// several blocks would read it, each element in a line of its own.
constexpr int64_t kUsesWorthACopy = 256;

/// Whether elements that are neighbours along `inner` lie closer together than along `outer`.
bool is_closer(int64_t inner, int64_t outer) {
  return std::abs(inner) < std::abs(outer);
}

/// Whether 16 bytes can be read at once: along an axis of `length` elements without gaps, from
/// places that are multiples of it.
bool allows_vectors(const char* data, int64_t length, int64_t stride, int64_t other_stride,
                    const Dims& batch_strides, int64_t item_size) {
  const int64_t numbers = kVectorBytes / item_size;
  const auto aligned = [numbers](int64_t elements) { return elements % numbers == 0; };
  if (stride != 1 || !aligned(length) || !aligned(other_stride)) return false;
  if (reinterpret_cast<std::uintptr_t>(data) % kVectorBytes != 0) return false;
  for (const int64_t to_next : batch_strides) {
    if (!aligned(to_next)) return false;
  }
  return true;
}

/// Which axis of a matrix is read along, and whether 16 bytes at once.
struct Reading {
  bool along_k, vectors;
};
Reading choose_reading(const char* data, int64_t x, int64_t x_stride, int64_t k, int64_t k_stride,
                       const Dims& batch, int64_t item_size) {
  if (allows_vectors(data, k, k_stride, x_stride, batch, item_size)) return {true, true};
  if (allows_vectors(data, x, x_stride, k_stride, batch, item_size)) return {false, true};
  return {is_closer(k_stride, x_stride), false};
}

void start(DType dtype, const Plan& plan, bool vector, const ProductJob& job) {
  if (vector) {
    multiply_vector(dtype, plan.sharing, job);
  } else if (dtype == DType::float32) {
    multiply_float32(plan.tile, job);
  } else if (dtype == DType::float64) {
    multiply_float64(plan.tile, job);
  } else {
    multiply_integers(dtype, job);
  }
}

/// The loops through the batch of C, A and B; those of C say that nothing changes its order.
Loops<3> loops_of(const device::Products& all) {
  Dims c_strides = compact_strides(all.batch.shape);
  for (int axis = 0; axis < c_strides.size(); ++axis) c_strides[axis] *= all.m * all.n;
  Loops<3> loops = {all.batch.shape, {c_strides, all.batch.strides[0], all.batch.strides[1]}};
  simplify(loops);
  return loops;
}

ProductJob make_job(const device::Products& all, const Loops<3>& loops, const Plan& plan) {
  const auto size = static_cast<int64_t>(item_size(all.dtype));
  const Reading a = choose_reading(all.a.data, all.m, all.a.row_stride, all.k, all.a.col_stride,
                                   loops.strides[1], size);
  const Reading b = choose_reading(all.b.data, all.n, all.b.col_stride, all.k, all.b.row_stride,
                                   loops.strides[2], size);
  return {all.m,
          all.k,
          all.n,
          all.a,
          all.b,
          all.c,
          loops,
          plan.depth,
          plan.parts,
          count(loops.shape) * all.m * all.n,
          a.along_k,
          b.along_k,
          a.vectors && b.vectors};
}

void multiply(const device::Products& all, const Loops<3>& loops) {
  const int64_t products = count(loops.shape);
  const bool vector = all.n == 1 && is_floating(all.dtype);
  const bool along_k = is_closer(all.a.col_stride, all.a.row_stride);
  const Plan plan = vector ? plan_vector(products, all.m, all.k, along_k)
                           : plan_product(all.dtype, products, all.m, all.k, all.n);
  ProductJob job = make_job(all, loops, plan);
  if (vector) job.a_along_k = along_k;
  if (plan.parts == 1) {
    const auto size = static_cast<int64_t>(item_size(all.dtype));
    const int64_t first[3] = {};
    return for_each_part(loops, first, [&](const auto& some, const auto& starts) {
      ProductJob part = job;
      part.batch = some;
      part.c += starts[0] * size;
      part.a.data += starts[1] * size;
      part.b.data += starts[2] * size;
      start(all.dtype, plan, vector, part);
    });
  }
  // One C for each part, so there are few products.
  const View parts = View::empty(all.dtype, Dims(1, plan.parts * job.part_size));
  job.c = parts.bytes();
  start(all.dtype, plan, vector, job);
  sum_parts(all.dtype, all.c, parts.bytes(), plan.parts, job.part_size);
}

}  // namespace
}  // namespace cuda

bool device::copy_pays(const View& a, std::int64_t uses) {
  const int rows = a.ndim() - 2, cols = a.ndim() - 1;
  if (uses < cuda::kUsesWorthACopy || a.shape[rows] == 1 || a.shape[cols] == 1) return false;
  if (std::abs(a.strides[rows]) <= 1 || std::abs(a.strides[cols]) <= 1) return false;
  for (int axis = 0; axis < rows; ++axis) {
    if (a.strides[axis] == 0) return false;  // a copy would be larger than the memory
  }
  return true;
}

void device::multiply(const Products& products) {
  const Loops<3> loops = cuda::loops_of(products);
  if (cuda::multiply_by_cublas(products, loops)) return;
  cuda::multiply(products, loops);
}

}  // namespace needle
