// Whether any element, or every one, is not 0.

#include "common/visit.h"
#include "cuda/reduce.h"

namespace needle::cuda {

ReduceLauncher truth_launcher(Reduction op, DType dtype) {
  return visit(dtype, [op]<class T>(T) -> ReduceLauncher {
    using Out = std::uint8_t;
    return op == Reduction::any ? start_reduction<Any, T, Out> : start_reduction<All, T, Out>;
  });
}

}  // namespace needle::cuda
