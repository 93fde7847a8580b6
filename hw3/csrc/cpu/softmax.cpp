#include "ops/softmax.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "cpu/isa.h"
#include "cpu/pack.h"
#include "cpu/rows.h"
#include "cpu/softmax_table.h"
#include "ops/floating.h"
#include "ops/movement.h"

namespace needle {
namespace {

const SoftmaxKernels<float>& kernels(float) {
  return NEEDLE_CHOOSE(softmax_table).float32;
}
const SoftmaxKernels<double>& kernels(double) {
  return NEEDLE_CHOOSE(softmax_table).float64;
}

/// The number of rows of a view, and of elements of each.
struct Sizes {
  std::int64_t rows, n;

  explicit Sizes(const View& view)
      : rows(count(leading_shape(view))), n(view.shape[view.ndim() - 1]) {}
};

/// Where rows of a result are put together, for one thread.
///
/// A row of a small result is written to its place; of a large one, it is first put together in
/// scratch memory and then moved past the caches, which will not keep it anyway.
template <class T>
class RowWriter {
 public:
  RowWriter(const View& out, std::int64_t n)
      : out_(out.data<T>()),
        n_(n),
        streams_(out.size() * static_cast<std::int64_t>(sizeof(T)) >= kStreamedBytes),
        scratch_(static_cast<std::size_t>(n + kScratchMargin)) {}
  ~RowWriter() {
    if (streams_) end_stream();
  }
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  /// Calls `write(row_of_out, scratch)` for a row.
  template <class Write>
  void operator()(std::int64_t row, const Write& write) {
    T* place = out_ + row * n_;
    if (!streams_) return write(place, scratch_.data());
    write(scratch_.data(), scratch_.data());
    unpack(place, scratch_.data(), Block{1, n_, n_, 1}, sizeof(T), true);
  }

 private:
  static constexpr std::int64_t kStreamedBytes = 1 << 24;

  T* out_;
  std::int64_t n_;
  bool streams_;
  std::vector<T> scratch_;
};

void check_rows(const char* name, const View& x) {
  check_floating(name, x);
  check_axes(name, x, 1, true);
}

/// out = kernel(grad, y), row by row.
template <class Kernel>
View gradient_of_rows(const char* name, const View& grad, const View& y, const Kernel& kernel) {
  check_floating(name, grad, y);
  check_axes(name, y, 1, true);
  check_shape(name, "a gradient", grad, y.shape);
  View out = View::empty(y.dtype, y.shape);
  if (out.size() == 0) return out;
  visit_floating(y.dtype, [&]<class T>(T zero) {
    const Sizes sizes(y);
    for_rows(sizes.rows, sizes.n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> grads(grad), ys(y);
      for (std::int64_t row = begin; row < end; ++row) {
        kernel(kernels(zero), grads[row], ys[row], out.data<T>() + row * sizes.n, sizes.n);
      }
    });
  });
  return out;
}

template <class T>
T element(const View& vector, std::int64_t i) {
  return vector.data<T>()[i * vector.strides[0]];
}

/// The labels, checked. They are a copy: another thread may write to the given ones.
View checked_labels(const char* name, const View& z, const View& given) {
  check_floating(name, z);
  check_axes(name, z, 2, false);
  if (given.dtype != DType::int64) {
    throw TypeError(std::string(name) + " takes labels of dtype int64, not " +
                    name_of(given.dtype));
  }
  check_shape(name, "labels", given, Dims(1, z.shape[0]));
  View labels = copy(given);
  const std::int64_t k = z.shape[1];
  for (std::int64_t i = 0; i < z.shape[0]; ++i) {
    const auto label = element<std::int64_t>(labels, i);
    if (label >= 0 && label < k) continue;
    throw std::out_of_range("label " + std::to_string(label) + " is not in [0, " +
                            std::to_string(k) + "), the " + std::to_string(k) +
                            " classes of the logits");
  }
  return labels;
}

}  // namespace

View softmax(const View& x, double scale, bool causal) {
  check_rows("softmax", x);
  if (causal) check_axes("causal softmax", x, 2, true);
  View out = View::empty(x.dtype, x.shape);
  if (out.size() == 0) return out;
  const Sizes sizes(x);
  const std::int64_t n = sizes.n, queries = causal ? x.shape[x.ndim() - 2] : 1;
  visit_floating(x.dtype, [&]<class T>(T zero) {
    for_rows(sizes.rows, n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(x);
      RowWriter<T> writer(out, n);
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t after = row % queries + n - queries + 1;
        const std::int64_t taken = causal ? std::clamp<std::int64_t>(after, 0, n) : n;
        writer(row, [&](T* place, T* scratch) {
          kernels(zero).softmax(rows[row], place, n, taken, static_cast<T>(scale), scratch);
        });
      }
    });
  });
  return out;
}

View softmax_gradient(const View& grad, const View& y, double scale) {
  return gradient_of_rows("softmax_gradient", grad, y,
                          [scale]<class T>(const SoftmaxKernels<T>& kernels, const T* grads,
                                           const T* ys, T* out, std::int64_t n) {
                            kernels.softmax_gradient(grads, ys, out, n, static_cast<T>(scale));
                          });
}

View log_softmax(const View& x) {
  check_rows("log_softmax", x);
  View out = View::empty(x.dtype, x.shape);
  if (out.size() == 0) return out;
  const Sizes sizes(x);
  visit_floating(x.dtype, [&]<class T>(T zero) {
    for_rows(sizes.rows, sizes.n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(x);
      RowWriter<T> writer(out, sizes.n);
      for (std::int64_t row = begin; row < end; ++row) {
        writer(row, [&](T* place, T*) { kernels(zero).log_softmax(rows[row], place, sizes.n); });
      }
    });
  });
  return out;
}

View log_softmax_gradient(const View& grad, const View& y) {
  return gradient_of_rows(
      "log_softmax_gradient", grad, y,
      []<class T>(const SoftmaxKernels<T>& kernels, const T* grads, const T* ys, T* out,
                  std::int64_t n) { kernels.log_softmax_gradient(grads, ys, out, n); });
}

View logsumexp(const View& x) {
  check_rows("logsumexp", x);
  View out = View::empty(x.dtype, leading_shape(x));
  const Sizes sizes(x);
  visit_floating(x.dtype, [&]<class T>(T zero) {
    if (x.size() == 0) {
      std::fill_n(out.data<T>(), out.size(), -std::numeric_limits<T>::infinity());
      return;
    }
    for_rows(sizes.rows, sizes.n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(x);
      for (std::int64_t row = begin; row < end; ++row) {
        out.data<T>()[row] = kernels(zero).logsumexp(rows[row], sizes.n);
      }
    });
  });
  return out;
}

std::pair<View, View> softmax_loss(const View& z, const View& given, double smoothing) {
  const View labels = checked_labels("softmax_loss", z, given);
  View losses = View::empty(z.dtype, leading_shape(z)), totals = View::empty(z.dtype, losses.shape);
  const Sizes sizes(z);
  visit_floating(z.dtype, [&]<class T>(T zero) {
    for_rows(sizes.rows, sizes.n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(z);
      for (std::int64_t row = begin; row < end; ++row) {
        losses.data<T>()[row] =
            kernels(zero).loss(rows[row], sizes.n, element<std::int64_t>(labels, row),
                               static_cast<T>(smoothing), totals.data<T>() + row);
      }
    });
  });
  return {std::move(losses), std::move(totals)};
}

View softmax_loss_gradient(const View& z, const View& given, const View& totals, const View& grad,
                           double smoothing) {
  const char* name = "softmax_loss_gradient";
  const View labels = checked_labels(name, z, given);
  check_floating(name, z, totals, grad);
  check_shape(name, "totals", totals, labels.shape);
  check_shape(name, "a gradient", grad, labels.shape);
  View out = View::empty(z.dtype, z.shape);
  const Sizes sizes(z);
  visit_floating(z.dtype, [&]<class T>(T zero) {
    for_rows(sizes.rows, sizes.n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(z);
      RowWriter<T> writer(out, sizes.n);
      for (std::int64_t row = begin; row < end; ++row) {
        writer(row, [&](T* place, T* scratch) {
          kernels(zero).loss_gradient(rows[row], place, sizes.n, element<std::int64_t>(labels, row),
                                      static_cast<T>(smoothing), element<T>(totals, row),
                                      element<T>(grad, row), scratch);
        });
      }
    });
  });
  return out;
}

}  // namespace needle
