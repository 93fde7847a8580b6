// Steps of optimisers: compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/lanes.h"
#include "cpu/optimizers_table.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
void adam(const T* p, const T* g, T* m, T* v, T* out, std::int64_t n, const AdamNumbers& numbers) {
  const T beta1 = static_cast<T>(numbers.beta1), beta2 = static_cast<T>(numbers.beta2);
  const T rest1 = static_cast<T>(1 - numbers.beta1), rest2 = static_cast<T>(1 - numbers.beta2);
  const T eps = static_cast<T>(numbers.eps), step = static_cast<T>(numbers.step);
  const T decay = static_cast<T>(numbers.gradient_decay), keep = static_cast<T>(numbers.keep);
  for (std::int64_t i = 0; i < n; i += kLanes<T>) {
    const std::int64_t count = n - i;
    const Vector<T> parameter = load_part(p + i, count);
    Vector<T> gradient = load_part(g + i, count);
    if (decay != 0) gradient += parameter * decay;
    const Vector<T> first = load_part(m + i, count) * beta1 + gradient * rest1;
    const Vector<T> second = load_part(v + i, count) * beta2 + gradient * gradient * rest2;
    store_part<T>(m + i, first, count);
    store_part<T>(v + i, second, count);
    const Vector<T> moved = first / (square_root<T>(second) + eps) * step;
    store_part<T>(out + i, moved + parameter * keep, count);
  }
}

template <class T>
void sgd(const T* p, const T* g, T* velocity, T* out, std::int64_t n, const SgdNumbers& numbers) {
  const T lr = static_cast<T>(numbers.lr), momentum = static_cast<T>(numbers.momentum);
  const T share = static_cast<T>(numbers.share), decay = static_cast<T>(numbers.decay);
  for (std::int64_t i = 0; i < n; i += kLanes<T>) {
    const std::int64_t count = n - i;
    const Vector<T> parameter = load_part(p + i, count);
    Vector<T> gradient = load_part(g + i, count);
    if (decay != 0) gradient += parameter * decay;
    if (velocity != nullptr) {
      const Vector<T> moved = load_part(velocity + i, count) * momentum + gradient * share;
      store_part<T>(velocity + i, moved, count);
      gradient = numbers.nesterov ? gradient + moved * momentum : moved;
    }
    store_part<T>(out + i, parameter - gradient * lr, count);
  }
}

constexpr OptimizerTable kTable = {{adam<float>, sgd<float>}, {adam<double>, sgd<double>}};

}  // namespace

const OptimizerTable& optimizer_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
