#include "cuda/launch.h"

#include <stdexcept>

#include "common/layout.h"

namespace needle::cuda {
namespace {

constexpr std::int64_t kMostX = (std::int64_t{1} << 31) - 1, kMostYZ = 65535;
constexpr std::int64_t kMostThreads = 1024;

std::string text(const Size3& size) {
  Dims dims(3, size.x);
  dims[1] = size.y;
  dims[2] = size.z;
  return to_string(dims);
}

}  // namespace

void check_grid(const char* name, const Size3& blocks, const Size3& threads) {
  if (blocks.x > kMostX || blocks.y > kMostYZ || blocks.z > kMostYZ ||
      threads.x * threads.y * threads.z > kMostThreads) {
    throw std::length_error(std::string(name) + ": a grid of " + text(blocks) + " blocks of " +
                            text(threads) + " threads is beyond the limits of CUDA");
  }
}

}  // namespace needle::cuda
