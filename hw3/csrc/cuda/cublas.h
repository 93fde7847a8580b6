#pragma once
// NVIDIA's own products of matrices, for those who want them. Nothing of cuBLAS is needed to build:
// the library is loaded when it is chosen.

#include <string>

#include "ops/matmul_kernels.h"

namespace needle::cuda {

/// Chooses whose products are used: "needle", which is the default, or "cublas". The environment
/// variable NEEDLE_CUBLAS may name the library. Throws std::invalid_argument for another name,
/// std::runtime_error, with the reason, if cuBLAS cannot be loaded.
void set_matmul(const std::string& name);

/// The name of what is chosen.
std::string matmul_backend();

/// Computes the products by cuBLAS; false, without having done anything, if it is not chosen or
/// cannot: integers, strides that BLAS does not know.
bool multiply_by_cublas(const device::Products& products, const Loops<3>& batch);

}  // namespace needle::cuda
