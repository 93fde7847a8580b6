// Softmax, normalisation, the LSTM cell and the steps of optimisers, for Python.

#include <pybind11/stl.h>

#include <optional>

#include "bind/bind.h"
#include "ops/normalization.h"
#include "ops/optimizers.h"
#include "ops/recurrent.h"
#include "ops/softmax.h"

namespace py = pybind11;

namespace needle {
namespace {

/// The function that calls `kernel` without the interpreter's lock; the first argument is a View,
/// which tells how much work there is.
template <class Result, class... Rest>
auto without_lock(Result (*kernel)(const View&, Rest...)) {
  return [kernel](const View& first, Rest... rest) {
    return unlocked(first, [&] { return kernel(first, rest...); });
  };
}

void bind_softmax(py::module_& module) {
  module.def("softmax", without_lock(&softmax), py::arg("x"), py::arg("scale"), py::arg("causal"));
  module.def("softmax_gradient", without_lock(&softmax_gradient), py::arg("grad"), py::arg("y"),
             py::arg("scale"));
  module.def("log_softmax", without_lock(&log_softmax), py::arg("x"));
  module.def("log_softmax_gradient", without_lock(&log_softmax_gradient), py::arg("grad"),
             py::arg("y"));
  module.def("logsumexp", without_lock(&logsumexp), py::arg("x"));
  module.def("softmax_loss", without_lock(&softmax_loss), py::arg("z"), py::arg("labels"),
             py::arg("smoothing"));
  module.def("softmax_loss_gradient", without_lock(&softmax_loss_gradient), py::arg("z"),
             py::arg("labels"), py::arg("totals"), py::arg("grad"), py::arg("smoothing"));
}

void bind_normalization(py::module_& module) {
  module.def("batch_norm", without_lock(&batch_norm), py::arg("x"), py::arg("weight"),
             py::arg("bias"), py::arg("eps"));
  module.def("layer_norm", without_lock(&layer_norm), py::arg("x"), py::arg("weight"),
             py::arg("bias"), py::arg("eps"));
  module.def("batch_norm_gradient", without_lock(&batch_norm_gradient), py::arg("grad"),
             py::arg("x"), py::arg("weight"), py::arg("mean"), py::arg("variance"), py::arg("eps"));
  module.def("layer_norm_gradient", without_lock(&layer_norm_gradient), py::arg("grad"),
             py::arg("x"), py::arg("weight"), py::arg("mean"), py::arg("variance"), py::arg("eps"));
}

std::int64_t elements(const Views& views) {
  std::int64_t total = 0;
  for (const View& view : views) total += view.size();
  return total;
}

void bind_optimizers(py::module_& module) {
  module.def(
      "adam_steps",
      [](const Views& ps, const Views& gs, const Views& ms, const Views& vs, double lr,
         double beta1, double beta2, double eps, double weight_decay, bool decoupled,
         std::int64_t step) {
        return unlocked(elements(ps), [&] {
          return adam_steps(ps, gs, ms, vs, lr, beta1, beta2, eps, weight_decay, decoupled, step);
        });
      },
      py::arg("ps"), py::arg("gs"), py::arg("ms"), py::arg("vs"), py::arg("lr"), py::arg("beta1"),
      py::arg("beta2"), py::arg("eps"), py::arg("weight_decay"), py::arg("decoupled"),
      py::arg("step"));
  module.def(
      "sgd_steps",
      [](const Views& ps, const Views& gs, const std::optional<Views>& velocities, double lr,
         double momentum, double share, double weight_decay, bool nesterov) {
        return unlocked(elements(ps), [&] {
          return sgd_steps(ps, gs, velocities ? &*velocities : nullptr, lr, momentum, share,
                           weight_decay, nesterov);
        });
      },
      py::arg("ps"), py::arg("gs"), py::arg("velocities"), py::arg("lr"), py::arg("momentum"),
      py::arg("share"), py::arg("weight_decay"), py::arg("nesterov"));
}

}  // namespace

void bind_layers(py::module_& module) {
  bind_softmax(module);
  bind_normalization(module);
  module.def("lstm_cell", without_lock(&lstm_cell), py::arg("gates"), py::arg("c"));
  module.def("lstm_cell_gradient", without_lock(&lstm_cell_gradient), py::arg("grad_h"),
             py::arg("grad_c"), py::arg("activations"), py::arg("c"), py::arg("c_new"));
  bind_optimizers(module);
}

}  // namespace needle
