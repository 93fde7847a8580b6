// Steps of optimisers for many parameters in one launch: most are small, and a launch for each
// would take longer than the work. All is read and written once.

#include <cstdint>
#include <vector>

#include "common/math.h"
#include "cuda/launch.h"
#include "ops/floating.h"
#include "ops/optimizers_kernels.h"

namespace needle {
namespace cuda {
namespace {

/// Elements of a thread, whose loads do not wait for each other.
constexpr int kPlaces = 4;

/// Elements of a block.
constexpr std::int64_t kBlock = kThreads * kPlaces;
/// Parameters of one launch: what is told of them are arguments, for which there are 4 KiB.
constexpr int kMost = 64;

/// Arrays of `size` elements, and the first block that works on them.
template <class Arrays>
struct Part {
  Arrays arrays;
  std::int64_t size, first_block;
};

template <class Step>
struct Batch {
  Step step;
  int count = 0;
  Part<typename Step::Arrays> parts[kMost];
};

/// step.store(arrays, i, step.load(arrays, i)) for all places i of all arrays.
template <class Step>
__global__ void __launch_bounds__(kThreads) step_kernel(const __grid_constant__ Batch<Step> batch) {
  int own = 0;  // the last part whose first block is not behind this one
  for (int end = batch.count; end - own > 1;) {
    const int middle = (own + end) / 2;
    if (batch.parts[middle].first_block <= blockIdx.x) {
      own = middle;
    } else {
      end = middle;
    }
  }
  const auto& part = batch.parts[own];
  const typename Step::Arrays arrays = part.arrays;
  const std::int64_t size = part.size;
  const std::int64_t first = (blockIdx.x - part.first_block) * kBlock + threadIdx.x;
  typename Step::Loaded loaded[kPlaces];
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads < size) loaded[k] = batch.step.load(arrays, first + k * kThreads);
  }
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads < size) {
      batch.step.store(arrays, first + k * kThreads, loaded[k]);
    }
  }
}

/// Launches `step` for all parameters, in as few batches as they fill. arrays_of(parameter) are the
/// arrays of one.
template <class Step, class Parameter, class ArraysOf>
void launch_steps(const char* name, const Step& step, const std::vector<Parameter>& parameters,
                  const ArraysOf& arrays_of) {
  static_assert(sizeof(Batch<Step>) <= 4096);
  Batch<Step> batch = {step, 0, {}};
  std::int64_t blocks = 0;
  const auto finish = [&] {
    launch(name, step_kernel<Step>, {blocks}, {kThreads}, batch);
    batch.count = 0;
    blocks = 0;
  };
  for (const Parameter& parameter : parameters) {
    const std::int64_t size = parameter.p.size();
    if (size == 0) continue;
    batch.parts[batch.count++] = {arrays_of(parameter), size, blocks};
    blocks += ceil_div(size, kBlock);
    if (batch.count == kMost) finish();
  }
  finish();
}

template <class T>
struct Adam {
  T beta1, beta2, rest1, rest2, eps, step, decay, keep;

  struct Arrays {
    const T *p, *g;
    T *m, *v, *out;
  };
  struct Loaded {
    T p, g, m, v;
  };
  __device__ Loaded load(const Arrays& from, std::int64_t i) const {
    return {from.p[i], from.g[i], from.m[i], from.v[i]};
  }
  __device__ void store(const Arrays& to, std::int64_t i, const Loaded& of) const {
    const T gradient = decay != 0 ? of.g + of.p * decay : of.g;
    const T first = of.m * beta1 + gradient * rest1;
    const T second = of.v * beta2 + gradient * gradient * rest2;
    to.m[i] = first;
    to.v[i] = second;
    to.out[i] = first / (square_root<T>(second) + eps) * step + of.p * keep;
  }
};

template <class T>
struct Sgd {
  T lr, momentum, share, decay;
  bool nesterov;

  struct Arrays {
    const T *p, *g;
    T *velocity, *out;  // no velocity: nullptr
  };
  struct Loaded {
    T p, g, velocity;
  };
  __device__ Loaded load(const Arrays& from, std::int64_t i) const {
    return {from.p[i], from.g[i], from.velocity == nullptr ? 0 : from.velocity[i]};
  }
  __device__ void store(const Arrays& to, std::int64_t i, const Loaded& of) const {
    T gradient = decay != 0 ? of.g + of.p * decay : of.g;
    if (to.velocity != nullptr) {
      const T moved = of.velocity * momentum + gradient * share;
      to.velocity[i] = moved;
      gradient = nesterov ? gradient + moved * momentum : moved;
    }
    to.out[i] = of.p - gradient * lr;
  }
};

}  // namespace
}  // namespace cuda

namespace device {

void adam_steps(const std::vector<AdamViews>& parameters, const AdamNumbers& numbers) {
  visit_floating(parameters[0].p.dtype, [&]<class T>(T) {
    const auto rounded = [](double number) { return static_cast<T>(number); };
    const cuda::Adam<T> step = {
        rounded(numbers.beta1),          rounded(numbers.beta2), rounded(1 - numbers.beta1),
        rounded(1 - numbers.beta2),      rounded(numbers.eps),   rounded(numbers.step),
        rounded(numbers.gradient_decay), rounded(numbers.keep)};
    cuda::launch_steps("adam_steps", step, parameters, [](const AdamViews& of) {
      return typename cuda::Adam<T>::Arrays{of.p.data<T>(), of.g.data<T>(), of.m.data<T>(),
                                            of.v.data<T>(), of.out.data<T>()};
    });
  });
}

void sgd_steps(const std::vector<SgdViews>& parameters, const SgdNumbers& numbers) {
  visit_floating(parameters[0].p.dtype, [&]<class T>(T) {
    const auto rounded = [](double number) { return static_cast<T>(number); };
    const cuda::Sgd<T> step = {rounded(numbers.lr), rounded(numbers.momentum),
                               rounded(numbers.share), rounded(numbers.decay), numbers.nesterov};
    cuda::launch_steps("sgd_steps", step, parameters, [](const SgdViews& of) {
      return typename cuda::Sgd<T>::Arrays{of.p.data<T>(), of.g.data<T>(),
                                           of.velocity ? of.velocity->data<T>() : nullptr,
                                           of.out.data<T>()};
    });
  });
}

}  // namespace device
}  // namespace needle
