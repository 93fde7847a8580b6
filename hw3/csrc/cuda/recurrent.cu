// The cell of an LSTM, an element for each thread.

#include "common/math.h"
#include "cuda/columns.h"
#include "cuda/row_views.h"
#include "ops/floating.h"
#include "ops/recurrent_kernels.h"

namespace needle {
namespace cuda {
namespace {

struct Nothing {};

template <class T>
struct Cell {
  Rows<T> gates, c;
  T *out, *c_new, *activations;
  std::int64_t h;

  struct Loaded {
    T i, f, g, o, c;
  };
  __device__ Nothing constants(std::int64_t) const { return {}; }
  __device__ Loaded load(std::int64_t row, std::int64_t j) const {
    const T* gate = gates[row] + j;
    return {gate[0], gate[h], gate[2 * h], gate[3 * h], c[row][j]};
  }
  __device__ void store(std::int64_t row, std::int64_t j, const Loaded& loaded, Nothing) const {
    const T i = sigmoid<T>(loaded.i), f = sigmoid<T>(loaded.f);
    const T g = tanh<T>(loaded.g), o = sigmoid<T>(loaded.o);
    const T state = f * loaded.c + i * g;
    T* activation = activations + row * 4 * h + j;
    activation[0] = i;
    activation[h] = f;
    activation[2 * h] = g;
    activation[3 * h] = o;
    c_new[row * h + j] = state;
    out[row * h + j] = o * tanh<T>(state);
  }
};

template <class T>
struct CellGradient {
  Rows<T> grad_h, grad_c, activations, c, c_new;
  T *grad_gates, *grad_before;
  std::int64_t h;

  struct Loaded {
    T grad_h, grad_c, i, f, g, o, c, c_new;
  };
  __device__ Nothing constants(std::int64_t) const { return {}; }
  __device__ Loaded load(std::int64_t row, std::int64_t j) const {
    const T* gate = activations[row] + j;
    return {grad_h[row][j], grad_c[row][j], gate[0],   gate[h],
            gate[2 * h],    gate[3 * h],    c[row][j], c_new[row][j]};
  }
  __device__ void store(std::int64_t row, std::int64_t j, const Loaded& at, Nothing) const {
    const T state = tanh<T>(at.c_new);
    const T dc = at.grad_c + at.grad_h * at.o * (1 - state * state);
    T* gate = grad_gates + row * 4 * h + j;
    gate[0] = dc * at.g * at.i * (1 - at.i);
    gate[h] = dc * at.c * at.f * (1 - at.f);
    gate[2 * h] = dc * at.i * (1 - at.g * at.g);
    gate[3 * h] = at.grad_h * state * at.o * (1 - at.o);
    grad_before[row * h + j] = dc * at.f;
  }
};

}  // namespace
}  // namespace cuda

namespace device {

using cuda::Rows, cuda::with_rows;

void lstm_cell(const View& h, const View& c_new, const View& activations, const View& given_gates,
               const View& given_c) {
  const View gates = with_rows(given_gates), c = with_rows(given_c);
  visit_floating(c.dtype, [&]<class T>(T) {
    cuda::launch_matrix("lstm_cell", c.shape[0], c.shape[1],
                        cuda::Cell<T>{Rows<T>(gates), Rows<T>(c), h.data<T>(), c_new.data<T>(),
                                      activations.data<T>(), c.shape[1]});
  });
}

void lstm_cell_gradient(const View& grad_gates, const View& grad_before, const View& given_grad_h,
                        const View& given_grad_c, const View& given_activations,
                        const View& given_c, const View& given_c_new) {
  const View grad_h = with_rows(given_grad_h), grad_c = with_rows(given_grad_c);
  const View activations = with_rows(given_activations);
  const View c = with_rows(given_c), c_new = with_rows(given_c_new);
  visit_floating(c.dtype, [&]<class T>(T) {
    cuda::launch_matrix(
        "lstm_cell_gradient", c.shape[0], c.shape[1],
        cuda::CellGradient<T>{Rows<T>(grad_h), Rows<T>(grad_c), Rows<T>(activations), Rows<T>(c),
                              Rows<T>(c_new), grad_gates.data<T>(), grad_before.data<T>(),
                              c.shape[1]});
  });
}

}  // namespace device
}  // namespace needle
