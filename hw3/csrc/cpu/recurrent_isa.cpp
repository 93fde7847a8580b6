// Rows of an LSTM cell: compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/lanes.h"
#include "cpu/recurrent_table.h"

namespace needle::NEEDLE_ISA {
namespace {

template <class T>
void cell(const T* gates, const T* c, std::int64_t h, T* out, T* c_new, T* activations) {
  for (std::int64_t j = 0; j < h; j += kLanes<T>) {
    const std::int64_t rest = h - j;
    const Vector<T> i = sigmoid<T>(load_part(gates + j, rest));
    const Vector<T> f = sigmoid<T>(load_part(gates + h + j, rest));
    const Vector<T> g = tanh<T>(load_part(gates + 2 * h + j, rest));
    const Vector<T> o = sigmoid<T>(load_part(gates + 3 * h + j, rest));
    const Vector<T> state = f * load_part(c + j, rest) + i * g;
    store_part<T>(activations + j, i, rest);
    store_part<T>(activations + h + j, f, rest);
    store_part<T>(activations + 2 * h + j, g, rest);
    store_part<T>(activations + 3 * h + j, o, rest);
    store_part<T>(c_new + j, state, rest);
    store_part<T>(out + j, o * tanh<T>(state), rest);
  }
}

template <class T>
void cell_gradient(const T* grad_h, const T* grad_c, const T* activations, const T* c,
                   const T* c_new, std::int64_t h, T* grad_gates, T* grad_c_before) {
  for (std::int64_t j = 0; j < h; j += kLanes<T>) {
    const std::int64_t rest = h - j;
    const Vector<T> i = load_part(activations + j, rest), f = load_part(activations + h + j, rest);
    const Vector<T> g = load_part(activations + 2 * h + j, rest);
    const Vector<T> o = load_part(activations + 3 * h + j, rest);
    const Vector<T> dh = load_part(grad_h + j, rest), state = tanh<T>(load_part(c_new + j, rest));
    const Vector<T> dc = load_part(grad_c + j, rest) + dh * o * (1 - state * state);
    store_part<T>(grad_gates + j, dc * g * i * (1 - i), rest);
    store_part<T>(grad_gates + h + j, dc * load_part(c + j, rest) * f * (1 - f), rest);
    store_part<T>(grad_gates + 2 * h + j, dc * i * (1 - g * g), rest);
    store_part<T>(grad_gates + 3 * h + j, dh * state * o * (1 - o), rest);
    store_part<T>(grad_c_before + j, dc * f, rest);
  }
}

constexpr RecurrentTable kTable = {{cell<float>, cell_gradient<float>},
                                   {cell<double>, cell_gradient<double>}};

}  // namespace

const RecurrentTable& recurrent_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
