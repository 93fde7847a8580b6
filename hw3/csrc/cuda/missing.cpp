// What the CUDA device has not yet: this file gets shorter until it is gone.

#include "common/errors.h"
namespace needle {
namespace {

[[noreturn]] void fail(const char* name) {
  throw std::runtime_error(std::string(name) + " has no CUDA kernel yet");
}

}  // namespace

}  // namespace needle
