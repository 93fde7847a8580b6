#pragma once
// Every call of CUDA's runtime is checked: `NEEDLE_CUDA_CHECK(cudaMalloc(&block, bytes));`

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace needle::cuda {

/// A call that failed: Python's RuntimeError, with the call and CUDA's name for the error.
class Error : public std::runtime_error {
 public:
  Error(cudaError_t code, const std::string& call);
  cudaError_t code;
};

/// Throws Error unless `code` is a success. `call` says what was called.
inline void check(cudaError_t code, const char* call) {
  if (code != cudaSuccess) throw Error(code, call);
}

}  // namespace needle::cuda

#define NEEDLE_CUDA_CHECK(call) ::needle::cuda::check(call, #call)
