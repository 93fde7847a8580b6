#pragma once
// Steps of optimisers: one pass over parameters, their gradients and what is remembered of them.
//
// Each list has a view for every parameter: they are of the parameter's shape, have any strides,
// and all views of a call are of one floating-point dtype (TypeError otherwise). What is remembered
// is changed in place, once everything has been checked and read: std::invalid_argument if it is
// read-only or shares memory with what else is changed. The new parameters are new and row-major.

#include <cstdint>
#include <vector>

#include "common/view.h"

namespace needle {

using Views = std::vector<View>;

/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; the result is
/// p - lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps). The decay is added to the
/// gradient, g + weight_decay p, or, if `decoupled`, taken from the parameter:
/// (1 - lr weight_decay) p.
Views adam_steps(const Views& ps, const Views& gs, const Views& ms, const Views& vs, double lr,
                 double beta1, double beta2, double eps, double weight_decay, bool decoupled,
                 std::int64_t step);

/// g + weight_decay p becomes g; u = momentum u + share g; the result is p - lr u, with `nesterov`
/// p - lr (g + momentum u), and without velocities u (nullptr) p - lr g.
Views sgd_steps(const Views& ps, const Views& gs, const Views* velocities, double lr,
                double momentum, double share, double weight_decay, bool nesterov);

}  // namespace needle
