#include "ops/optimizers.h"

#include <cmath>
#include <string>

#include "ops/floating.h"
#include "ops/movement.h"
#include "ops/optimizers_kernels.h"

namespace needle {
namespace {

/// Something to read, without gaps and apart from what is written: a copy if need be.
View readable(const View& view, const View& written) {
  const bool same = view.bytes() == written.bytes() && view.compact() && written.compact();
  return view.compact() && (same || !may_overlap(view, written)) ? view : copy(view);
}

/// Something to change in place. Memory with gaps is changed as a copy, which is moved back.
class Updated {
 public:
  explicit Updated(const View& view) : view_(view), dense_(view.compact() ? view : copy(view)) {}
  void finish() const {
    if (!view_.compact()) assign(view_, dense_);
  }
  const View& dense() const { return dense_; }

 private:
  const View& view_;
  View dense_;
};

void check_updated(const char* name, const char* what, const View& view, const View& p) {
  check_shape(name, what, view, p.shape);
  check_writable(view);
}

}  // namespace

View adam_step(const View& p, const View& g, const View& m, const View& v, double lr, double beta1,
               double beta2, double eps, double weight_decay, bool decoupled, std::int64_t step) {
  check_floating("adam_step", p, g, m, v);
  check_shape("adam_step", "a gradient", g, p.shape);
  check_updated("adam_step", "a first moment", m, p);
  check_updated("adam_step", "a second moment", v, p);
  if (may_overlap(m, v))
    throw std::invalid_argument("adam_step takes moments that share no memory");
  if (step < 1) {
    throw std::invalid_argument("adam_step counts steps from 1, not " + std::to_string(step));
  }
  const double exponent = static_cast<double>(step);
  const double correction = std::sqrt(1 - std::pow(beta2, exponent));
  const AdamNumbers numbers = {beta1,
                               beta2,
                               correction * eps,
                               -lr * correction / (1 - std::pow(beta1, exponent)),
                               decoupled ? 0 : weight_decay,
                               decoupled ? 1 - lr * weight_decay : 1};
  View out = View::empty(p.dtype, p.shape);
  const Updated first(m), second(v);
  const View from = readable(readable(p, m), v), gradient = readable(readable(g, m), v);
  device::adam_step(out, from, gradient, first.dense(), second.dense(), numbers);
  first.finish();
  second.finish();
  return out;
}

View sgd_step(const View& p, const View& g, const View* velocity, double lr, double momentum,
              double share, double weight_decay, bool nesterov) {
  check_floating("sgd_step", p, g);
  check_shape("sgd_step", "a gradient", g, p.shape);
  if (velocity != nullptr) {
    check_floating("sgd_step", p, *velocity);
    check_updated("sgd_step", "a velocity", *velocity, p);
  }
  const SgdNumbers numbers = {lr, momentum, share, weight_decay, nesterov};
  View out = View::empty(p.dtype, p.shape);
  const Updated moved(velocity == nullptr ? out : *velocity);
  const View from = readable(p, moved.dense()), gradient = readable(g, moved.dense());
  device::sgd_step(out, from, gradient, velocity == nullptr ? nullptr : &moved.dense(), numbers);
  moved.finish();
  return out;
}

}  // namespace needle
