// What the CUDA device has not yet: this file gets shorter until it is gone.

#include "common/errors.h"
#include "ops/conv.h"
#include "ops/indexing.h"
#include "ops/matmul.h"
#include "ops/matmul_tiled.h"
#include "ops/normalization.h"
#include "ops/optimizers.h"
#include "ops/pool.h"
#include "ops/recurrent.h"
#include "ops/softmax.h"

namespace needle {
namespace {

[[noreturn]] void fail(const char* name) {
  throw std::runtime_error(std::string(name) + " has no CUDA kernel yet");
}

}  // namespace

// ---- indexing

View take(const View&, const View&, std::int64_t) {
  fail("take");
}
View take_along_axis(const View&, const View&, std::int64_t) {
  fail("take_along_axis");
}
View gather(const View&, const std::vector<View>&) {
  fail("gather");
}
void scatter(const View&, const std::vector<View>&, const View&) {
  fail("scatter");
}
void scatter_add(const View&, const std::vector<View>&, const View&) {
  fail("scatter_add");
}
std::vector<View> nonzero(const View&) {
  fail("nonzero");
}
// ---- matmul

View matmul(const View&, const View&) {
  fail("matmul");
}
// ---- conv

View conv2d(const View&, const View&, const Convolution&) {
  fail("conv2d");
}
View conv2d_input_gradient(const View&, const View&, const Dims&, const Convolution&) {
  fail("conv2d_input_gradient");
}
View conv2d_weight_gradient(const View&, const View&, const Dims&, const Convolution&) {
  fail("conv2d_weight_gradient");
}
// ---- pool

std::pair<View, View> max_pool2d(const View&, const Window&) {
  fail("max_pool2d");
}
View max_pool2d_gather(const View&, const View&) {
  fail("max_pool2d_gather");
}
View max_pool2d_gradient(const View&, const View&, const Dims&) {
  fail("max_pool2d_gradient");
}
View avg_pool2d(const View&, const Window&) {
  fail("avg_pool2d");
}
View avg_pool2d_gradient(const View&, const Dims&, const Window&) {
  fail("avg_pool2d_gradient");
}
// ---- softmax

View softmax(const View&, double, bool) {
  fail("softmax");
}
View softmax_gradient(const View&, const View&, double) {
  fail("softmax_gradient");
}
View log_softmax(const View&) {
  fail("log_softmax");
}
View log_softmax_gradient(const View&, const View&) {
  fail("log_softmax_gradient");
}
View logsumexp(const View&) {
  fail("logsumexp");
}
std::pair<View, View> softmax_loss(const View&, const View&, double) {
  fail("softmax_loss");
}
View softmax_loss_gradient(const View&, const View&, const View&, const View&, double) {
  fail("softmax_loss_gradient");
}
// ---- normalization

ThreeViews batch_norm(const View&, const View&, const View&, double) {
  fail("batch_norm");
}
ThreeViews batch_norm_gradient(const View&, const View&, const View&, const View&, const View&,
                               double) {
  fail("batch_norm_gradient");
}
ThreeViews layer_norm(const View&, const View&, const View&, double) {
  fail("layer_norm");
}
ThreeViews layer_norm_gradient(const View&, const View&, const View&, const View&, const View&,
                               double) {
  fail("layer_norm_gradient");
}
// ---- optimizers

View adam_step(const View&, const View&, const View&, const View&, double, double, double, double,
               double, bool, std::int64_t) {
  fail("adam_step");
}
View sgd_step(const View&, const View&, const View*, double, double, double, double, bool) {
  fail("sgd_step");
}
// ---- recurrent

std::tuple<View, View, View> lstm_cell(const View&, const View&) {
  fail("lstm_cell");
}
std::pair<View, View> lstm_cell_gradient(const View&, const View&, const View&, const View&,
                                         const View&) {
  fail("lstm_cell_gradient");
}

int device::tile_side() {
  return 4;
}
void device::matmul_tiled(const float*, const float*, float*, std::int64_t, std::int64_t,
                          std::int64_t) {
  fail("matmul_tiled");
}

}  // namespace needle
