#include "ops/conv_window.h"

#include <stdexcept>
#include <string>

namespace needle {
namespace {

using std::int64_t;

constexpr int64_t kMost = (int64_t{1} << 31) - 1;  // no sum of products of two leaves 64 bits

void check_pair(const char* name, const Dims& pair, int64_t least, const char* otherwise) {
  const std::string text = std::string(name) + " " + to_string(pair);
  if (pair.size() != 2) throw std::invalid_argument(text + " is not a pair");
  if (pair[0] < least || pair[1] < least) throw std::invalid_argument(text + " is " + otherwise);
  if (pair[0] > kMost || pair[1] > kMost) {
    throw std::invalid_argument(text + " is beyond " + std::to_string(kMost));
  }
}

}  // namespace

Dims count_windows(const Window& window, int64_t rows, int64_t cols) {
  Dims image(2, rows), counts(2);
  image[1] = cols;
  check_pair("image of shape", image, 0, "negative");
  check_pair("window of shape", window.size, 1, "empty");
  check_pair("stride", window.stride, 1, "not positive");
  check_pair("padding", window.padding, 0, "negative");
  check_pair("dilation", window.dilation, 1, "not positive");
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t extent = window.dilation[axis] * (window.size[axis] - 1) + 1;
    const int64_t room = image[axis] + 2 * window.padding[axis] - extent;
    if (room < 0) {
      throw std::invalid_argument("windows of shape " + to_string(window.size) + " and dilation " +
                                  to_string(window.dilation) + " do not fit into images of shape " +
                                  to_string(image) + " and padding " + to_string(window.padding));
    }
    counts[axis] = room / window.stride[axis] + 1;
  }
  return counts;
}

}  // namespace needle
