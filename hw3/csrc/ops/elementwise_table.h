#pragma once
// Which loop does which elementwise operation on which dtype, for loops of any kind.

#include "ops/operations.h"

namespace needle {

template <class Loop>
struct KernelOf {
  Loop loop = nullptr;  // none: the operation has not this dtype
  DType result = DType::boolean;
};

template <class Loop>
struct ElementwiseTableOf {
  KernelOf<Loop> unary[kUnaries][kDTypes];
  KernelOf<Loop> binary[kBinaries][kDTypes];
  Loop cast[kDTypes][kDTypes];  // [from][to]
  Loop where[kDTypes];          // of a bool, and two of the dtype
};

}  // namespace needle
