// What Python sees of the kernels: `needle_hw0._simple_ml_ext`.
//
// needle_hw0.native checks its arguments in Python, with messages for people. The checks here
// are the last line: whatever Python passes, nothing is read or written outside of an array.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "epochs.h"
#include "matmul.h"

namespace py = pybind11;
using namespace py::literals;

namespace {

using Floats = py::array_t<float, py::array::c_style>;
using Labels = py::array_t<uint8_t, py::array::c_style>;

void require(bool condition, const char* rule) {
  if (!condition) throw std::invalid_argument(rule);
}

/// The first element of a row-major matrix of rows x cols; throws unless it is one.
template <typename Pointer>
Pointer matrix(Pointer data, const Floats& array, py::ssize_t rows) {
  require(array.ndim() == 2 && array.shape(0) == rows, "shapes do not fit");
  require(array.size() > 0, "an array is empty");
  require(reinterpret_cast<uintptr_t>(data) % alignof(float) == 0, "an array is not aligned");
  return data;
}

/// Takes the lock for a moment, now and then, to let Ctrl-C stop a long epoch.
class Interrupts {
 public:
  void operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(50);
    py::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }

 private:
  std::chrono::steady_clock::time_point next_{};
};

/// A copy of the labels: while the lock is free, no other thread can make one too large.
std::vector<uint8_t> checked_labels(const Labels& y, py::ssize_t m, py::ssize_t k) {
  require(y.ndim() == 1 && y.shape(0) == m, "y has another length than X");
  std::vector<uint8_t> labels(y.data(), y.data() + m);
  require(*std::max_element(labels.begin(), labels.end()) < k, "a label is not below k");
  return labels;
}

needle::Descent descent(float lr, int64_t batch, const std::string& isa) {
  require(batch >= 1, "batch is below 1");
  for (const auto& [name, add_product] : needle::instruction_sets()) {
    if (isa.empty() || isa == name) return {lr, batch, add_product, Interrupts()};
  }
  throw std::invalid_argument("no instruction set " + isa + " on this processor");
}

void softmax_regression_epoch(const Floats& X, const Labels& y, Floats& theta, float lr,
                              int64_t batch, const std::string& isa) {
  const py::ssize_t m = X.shape(0), n = X.shape(1), k = theta.shape(1);
  const float* features = matrix(X.data(), X, m);
  float* parameters = matrix(theta.mutable_data(), theta, n);
  const std::vector<uint8_t> labels = checked_labels(y, m, k);
  const needle::Descent settings = descent(lr, batch, isa);

  py::gil_scoped_release unlocked;
  needle::softmax_regression_epoch({features, labels.data(), m, n}, parameters, k, settings);
}

void nn_epoch(const Floats& X, const Labels& y, Floats& W1, Floats& W2, float lr, int64_t batch,
              const std::string& isa) {
  const py::ssize_t m = X.shape(0), n = X.shape(1), d = W1.shape(1), k = W2.shape(1);
  const float* features = matrix(X.data(), X, m);
  float* first = matrix(W1.mutable_data(), W1, n);
  float* second = matrix(W2.mutable_data(), W2, d);
  const std::vector<uint8_t> labels = checked_labels(y, m, k);
  const needle::Descent settings = descent(lr, batch, isa);

  py::gil_scoped_release unlocked;
  needle::nn_epoch({features, labels.data(), m, n}, first, d, second, k, settings);
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const auto& set : needle::instruction_sets()) names.emplace_back(set.name);
  return names;
}

}  // namespace

PYBIND11_MODULE(_simple_ml_ext, module) {
  module.doc() = "One epoch of gradient descent in C++; see needle_hw0.native.";
  module.def("instruction_sets", &instruction_sets,
             "Return the instruction sets that can be asked for, the fastest first.");
  // noconvert: a converted array would be a copy, and the update would be lost.
  module.def("softmax_regression_epoch", &softmax_regression_epoch, "X"_a.noconvert(),
             "y"_a.noconvert(), "theta"_a.noconvert(), "lr"_a, "batch"_a, "isa"_a = "",
             "Update theta in place; `isa` chooses an instruction set, or the fastest.");
  module.def("nn_epoch", &nn_epoch, "X"_a.noconvert(), "y"_a.noconvert(), "W1"_a.noconvert(),
             "W2"_a.noconvert(), "lr"_a, "batch"_a, "isa"_a = "",
             "Update W1 and W2 in place; `isa` chooses an instruction set, or the fastest.");
}
