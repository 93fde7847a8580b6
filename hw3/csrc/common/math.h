#pragma once
// `Vector<T>` and the functions of vectors that functors.h calls, for what a file is compiled for.

#if defined(NEEDLE_CUDA)
#include "cuda/math.h"
#else
#include "cpu/math.h"
#endif
