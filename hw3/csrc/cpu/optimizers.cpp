#include "cpu/isa.h"
#include "cpu/optimizers_table.h"
#include "cpu/parallel.h"
#include "ops/floating.h"
#include "ops/optimizers_kernels.h"

namespace needle {
namespace {

constexpr std::int64_t kWork = 1 << 15;  // elements worth a turn of a thread

const OptimizerKernels<float>& kernels(float) {
  return NEEDLE_CHOOSE(optimizer_table).float32;
}
const OptimizerKernels<double>& kernels(double) {
  return NEEDLE_CHOOSE(optimizer_table).float64;
}

}  // namespace

void device::adam_steps(const std::vector<AdamViews>& parameters, const AdamNumbers& numbers) {
  visit_floating(parameters[0].p.dtype, [&]<class T>(T zero) {
    for (const AdamViews& of : parameters) {
      parallel_for(of.p.size(), kWork, [&](std::int64_t begin, std::int64_t end) {
        kernels(zero).adam(of.p.data<T>() + begin, of.g.data<T>() + begin, of.m.data<T>() + begin,
                           of.v.data<T>() + begin, of.out.data<T>() + begin, end - begin, numbers);
      });
    }
  });
}

void device::sgd_steps(const std::vector<SgdViews>& parameters, const SgdNumbers& numbers) {
  visit_floating(parameters[0].p.dtype, [&]<class T>(T zero) {
    for (const SgdViews& of : parameters) {
      parallel_for(of.p.size(), kWork, [&](std::int64_t begin, std::int64_t end) {
        kernels(zero).sgd(of.p.data<T>() + begin, of.g.data<T>() + begin,
                          of.velocity ? of.velocity->data<T>() + begin : nullptr,
                          of.out.data<T>() + begin, end - begin, numbers);
      });
    }
  });
}

}  // namespace needle
