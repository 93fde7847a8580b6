#include "ops/optimizers.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>

#include "ops/floating.h"
#include "ops/movement.h"
#include "ops/optimizers_kernels.h"

namespace needle {
namespace {

/// The memory that a call changes.
class Changed {
 public:
  /// Throws std::invalid_argument if some of it would be changed twice.
  Changed(const char* name, const char* what, std::initializer_list<const Views*> lists) {
    for (const Views* views : lists) {
      for (const View& view : *views) {
        const Extent changed = extent(view);
        if (changed.first != changed.end) extents_.push_back(changed);
      }
    }
    std::sort(extents_.begin(), extents_.end(),
              [](const Extent& a, const Extent& b) { return a.first < b.first; });
    for (std::size_t i = 1; i < extents_.size(); ++i) {
      if (extents_[i].first >= extents_[i - 1].end) continue;
      throw std::invalid_argument(std::string(name) + " takes " + what + " that share no memory");
    }
  }

  /// Something to read, without gaps and apart from what is changed: a copy if need be.
  View readable(const View& view) const {
    return view.compact() && !overlaps(extent(view)) ? view : copy(view);
  }

 private:
  bool overlaps(const Extent& read) const {
    // As they lie apart, the first one that ends behind the start is the only candidate.
    const auto next =
        std::upper_bound(extents_.begin(), extents_.end(), read.first,
                         [](const char* first, const Extent& other) { return first < other.end; });
    return next != extents_.end() && next->first < read.end;
  }

  std::vector<Extent> extents_;
};

void check_all(const char* name, const char* what, const Views& views, const Views& ps) {
  if (views.size() != ps.size()) {
    throw std::invalid_argument(std::string(name) + " takes " + what + " for each of " +
                                std::to_string(ps.size()) + " parameters, not " +
                                std::to_string(views.size()));
  }
  for (std::size_t i = 0; i < ps.size(); ++i) {
    check_floating(name, ps[0], ps[i], views[i]);
    check_shape(name, what, views[i], ps[i].shape);
  }
}

void check_changed(const char* name, const char* what, const Views& views, const Views& ps) {
  check_all(name, what, views, ps);
  for (const View& view : views) check_writable(view);
}

/// Something to change in place. Memory with gaps is changed as a copy, which is moved back.
View dense(const View& view) {
  return view.compact() ? view : copy(view);
}

void move_back(const View& view, const View& dense) {
  if (!view.compact()) assign(view, dense);
}

template <class Parameters>
Views results(const Parameters& parameters) {
  Views out;
  out.reserve(parameters.size());
  for (const auto& parameter : parameters) out.push_back(parameter.out);
  return out;
}

}  // namespace

Views adam_steps(const Views& ps, const Views& gs, const Views& ms, const Views& vs, double lr,
                 double beta1, double beta2, double eps, double weight_decay, bool decoupled,
                 std::int64_t step) {
  check_all("adam_steps", "a gradient", gs, ps);
  check_changed("adam_steps", "a first moment", ms, ps);
  check_changed("adam_steps", "a second moment", vs, ps);
  const Changed changed("adam_steps", "moments", {&ms, &vs});
  if (step < 1) {
    throw std::invalid_argument("adam_steps counts steps from 1, not " + std::to_string(step));
  }
  if (ps.empty()) return {};
  const double exponent = static_cast<double>(step);
  const double correction = std::sqrt(1 - std::pow(beta2, exponent));
  const AdamNumbers numbers = {beta1,
                               beta2,
                               correction * eps,
                               -lr * correction / (1 - std::pow(beta1, exponent)),
                               decoupled ? 0 : weight_decay,
                               decoupled ? 1 - lr * weight_decay : 1};
  std::vector<AdamViews> parameters;
  parameters.reserve(ps.size());
  for (std::size_t i = 0; i < ps.size(); ++i) {
    parameters.push_back({View::empty(ps[i].dtype, ps[i].shape), changed.readable(ps[i]),
                          changed.readable(gs[i]), dense(ms[i]), dense(vs[i])});
  }
  device::adam_steps(parameters, numbers);
  for (std::size_t i = 0; i < ps.size(); ++i) {
    move_back(ms[i], parameters[i].m);
    move_back(vs[i], parameters[i].v);
  }
  return results(parameters);
}

Views sgd_steps(const Views& ps, const Views& gs, const Views* velocities, double lr,
                double momentum, double share, double weight_decay, bool nesterov) {
  check_all("sgd_steps", "a gradient", gs, ps);
  const Views none;
  if (velocities != nullptr) check_changed("sgd_steps", "a velocity", *velocities, ps);
  const Changed changed("sgd_steps", "velocities", {velocities != nullptr ? velocities : &none});
  if (ps.empty()) return {};
  const SgdNumbers numbers = {lr, momentum, share, weight_decay, nesterov};
  std::vector<SgdViews> parameters;
  parameters.reserve(ps.size());
  for (std::size_t i = 0; i < ps.size(); ++i) {
    parameters.push_back({View::empty(ps[i].dtype, ps[i].shape), changed.readable(ps[i]),
                          changed.readable(gs[i]), std::nullopt});
    if (velocities != nullptr) parameters[i].velocity = dense((*velocities)[i]);
  }
  device::sgd_steps(parameters, numbers);
  for (std::size_t i = 0; i < ps.size(); ++i) {
    if (velocities != nullptr) move_back((*velocities)[i], *parameters[i].velocity);
  }
  return results(parameters);
}

}  // namespace needle
