#pragma once
// What CUDA's header of this name declares, as far as the kernels use it, for a C++ compiler: a
// folder of includes that stands before the toolkit's. Kernels then run on the host.

#include "cuda_api/atomics.h"
#include "cuda_api/intrinsics.h"
#include "cuda_api/launch.h"
#include "cuda_api/math.h"
#include "cuda_api/memory_hints.h"
#include "cuda_api/qualifiers.h"
#include "cuda_api/runtime_api.h"
#include "cuda_api/synchronization.h"
#include "cuda_api/threads.h"
#include "cuda_api/vector_types.h"
#include "cuda_api/warp.h"
