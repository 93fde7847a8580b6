// Sums and products. Whole numbers are taken as unsigned ones, which wrap around.

#include "common/visit.h"
#include "cuda/reduce.h"

namespace needle::cuda {

ReduceLauncher totals_launcher(Reduction op, DType dtype) {
  return visit(dtype, [op]<class T>(T) -> ReduceLauncher {
    using Out = std::conditional_t<is_float<T>, T, std::uint64_t>;
    return op == Reduction::sum ? start_reduction<Sum, T, Out> : start_reduction<Prod, T, Out>;
  });
}

}  // namespace needle::cuda
