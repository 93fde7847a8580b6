#pragma once
// Steps of optimisers: one pass over a parameter, its gradient and what is remembered of it.
//
// All are of one floating-point dtype (TypeError otherwise) and of one shape, and have any strides.
// What is remembered is changed in place: std::invalid_argument if it is read-only. The new
// parameter is new and row-major.

#include <cstdint>

#include "common/view.h"

namespace needle {

/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; the result is
/// p - lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps). The decay is added to the
/// gradient, g + weight_decay p, or, if `decoupled`, taken from the parameter:
/// (1 - lr weight_decay) p.
View adam_step(const View& p, const View& g, const View& m, const View& v, double lr, double beta1,
               double beta2, double eps, double weight_decay, bool decoupled, std::int64_t step);

/// g + weight_decay p becomes g; u = momentum u + share g; the result is p - lr u, with `nesterov`
/// p - lr (g + momentum u), and without a velocity u (nullptr) p - lr g.
View sgd_step(const View& p, const View& g, const View* velocity, double lr, double momentum,
              double share, double weight_decay, bool nesterov);

}  // namespace needle
