// Steps of optimisers, an element for each thread: all is read and written once.

#include <cstdint>

#include "common/math.h"
#include "cuda/launch.h"
#include "ops/floating.h"
#include "ops/optimizers_kernels.h"

namespace needle {
namespace cuda {
namespace {

/// Elements of a thread, whose loads do not wait for each other.
constexpr int kPlaces = 4;

/// step.store(i, step.load(i)) for all i below `size`.
template <class Step>
__global__ void __launch_bounds__(kThreads) step_kernel(Step step, std::int64_t size) {
  const std::int64_t first = std::int64_t{blockIdx.x} * (kThreads * kPlaces) + threadIdx.x;
  typename Step::Loaded loaded[kPlaces];
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads < size) loaded[k] = step.load(first + k * kThreads);
  }
#pragma unroll
  for (int k = 0; k < kPlaces; ++k) {
    if (first + k * kThreads < size) step.store(first + k * kThreads, loaded[k]);
  }
}

template <class Step>
void launch_step(const char* name, std::int64_t size, const Step& step) {
  launch(name, step_kernel<Step>, {ceil_div(size, kThreads * kPlaces)}, {kThreads}, step, size);
}

template <class T>
struct Adam {
  const T *p, *g;
  T *m, *v, *out;
  T beta1, beta2, rest1, rest2, eps, step, decay, keep;

  struct Loaded {
    T p, g, m, v;
  };
  __device__ Loaded load(std::int64_t i) const { return {p[i], g[i], m[i], v[i]}; }
  __device__ void store(std::int64_t i, const Loaded& of) const {
    const T gradient = decay != 0 ? of.g + of.p * decay : of.g;
    const T first = of.m * beta1 + gradient * rest1;
    const T second = of.v * beta2 + gradient * gradient * rest2;
    m[i] = first;
    v[i] = second;
    out[i] = first / (square_root<T>(second) + eps) * step + of.p * keep;
  }
};

template <class T>
struct Sgd {
  const T *p, *g;
  T *velocity, *out;  // no velocity: nullptr
  T lr, momentum, share, decay;
  bool nesterov;

  struct Loaded {
    T p, g, velocity;
  };
  __device__ Loaded load(std::int64_t i) const {
    return {p[i], g[i], velocity == nullptr ? 0 : velocity[i]};
  }
  __device__ void store(std::int64_t i, const Loaded& of) const {
    T gradient = decay != 0 ? of.g + of.p * decay : of.g;
    if (velocity != nullptr) {
      const T moved = of.velocity * momentum + gradient * share;
      velocity[i] = moved;
      gradient = nesterov ? gradient + moved * momentum : moved;
    }
    out[i] = of.p - gradient * lr;
  }
};

}  // namespace
}  // namespace cuda

namespace device {

void adam_step(const View& out, const View& p, const View& g, const View& m, const View& v,
               const AdamNumbers& numbers) {
  visit_floating(p.dtype, [&]<class T>(T) {
    const auto rounded = [](double number) { return static_cast<T>(number); };
    cuda::launch_step(
        "adam_step", p.size(),
        cuda::Adam<T>{p.data<T>(), g.data<T>(), m.data<T>(), v.data<T>(), out.data<T>(),
                      rounded(numbers.beta1), rounded(numbers.beta2), rounded(1 - numbers.beta1),
                      rounded(1 - numbers.beta2), rounded(numbers.eps), rounded(numbers.step),
                      rounded(numbers.gradient_decay), rounded(numbers.keep)});
  });
}

void sgd_step(const View& out, const View& p, const View& g, const View* velocity,
              const SgdNumbers& numbers) {
  visit_floating(p.dtype, [&]<class T>(T) {
    const auto rounded = [](double number) { return static_cast<T>(number); };
    cuda::launch_step(
        "sgd_step", p.size(),
        cuda::Sgd<T>{p.data<T>(), g.data<T>(), velocity == nullptr ? nullptr : velocity->data<T>(),
                     out.data<T>(), rounded(numbers.lr), rounded(numbers.momentum),
                     rounded(numbers.share), rounded(numbers.decay), numbers.nesterov});
  });
}

}  // namespace device
}  // namespace needle
