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

void device::adam_step(const View& out, const View& p, const View& g, const View& m, const View& v,
                       const AdamNumbers& numbers) {
  visit_floating(p.dtype, [&]<class T>(T zero) {
    parallel_for(p.size(), kWork, [&](std::int64_t begin, std::int64_t end) {
      kernels(zero).adam(p.data<T>() + begin, g.data<T>() + begin, m.data<T>() + begin,
                         v.data<T>() + begin, out.data<T>() + begin, end - begin, numbers);
    });
  });
}

void device::sgd_step(const View& out, const View& p, const View& g, const View* velocity,
                      const SgdNumbers& numbers) {
  visit_floating(p.dtype, [&]<class T>(T zero) {
    T* memory = velocity == nullptr ? nullptr : velocity->data<T>();
    parallel_for(p.size(), kWork, [&](std::int64_t begin, std::int64_t end) {
      kernels(zero).sgd(p.data<T>() + begin, g.data<T>() + begin,
                        memory == nullptr ? nullptr : memory + begin, out.data<T>() + begin,
                        end - begin, numbers);
    });
  });
}

}  // namespace needle
