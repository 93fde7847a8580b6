#include "cuda/check.h"

namespace needle::cuda {
namespace {

/// Errors that a kernel made while the host had gone on; nothing works after them.
bool came_later(cudaError_t code) {
  return code == cudaErrorIllegalAddress || code == cudaErrorLaunchFailure ||
         code == cudaErrorMisalignedAddress || code == cudaErrorAssert ||
         code == cudaErrorLaunchTimeout || code == cudaErrorIllegalInstruction ||
         code == cudaErrorInvalidPc || code == cudaErrorHardwareStackError;
}

std::string message(cudaError_t code, const std::string& call) {
  std::string text = call + ": " + cudaGetErrorName(code) + " (" + cudaGetErrorString(code) + ")";
  if (came_later(code)) {
    text +=
        "; a kernel that was started earlier failed: with CUDA_LAUNCH_BLOCKING=1 in the "
        "environment, it is the one that is named";
  }
  return text;
}

}  // namespace

Error::Error(cudaError_t error, const std::string& call)
    : std::runtime_error(message(error, call)), code(error) {
  cudaGetLastError();  // this call is to blame, not the next one
}

}  // namespace needle::cuda
