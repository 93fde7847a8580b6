// Maxima and minima.

#include "common/visit.h"
#include "cuda/reduce.h"

namespace needle::cuda {

ReduceLauncher extremes_launcher(Reduction op, DType dtype) {
  return visit(dtype, [op]<class T>(T) -> ReduceLauncher {
    return op == Reduction::max ? start_reduction<Max, T, T> : start_reduction<Min, T, T>;
  });
}

}  // namespace needle::cuda
