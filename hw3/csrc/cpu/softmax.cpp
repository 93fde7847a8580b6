#include <algorithm>
#include <optional>
#include <vector>

#include "cpu/isa.h"
#include "cpu/pack.h"
#include "cpu/rows.h"
#include "cpu/softmax_table.h"
#include "ops/floating.h"
#include "ops/softmax_kernels.h"

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

/// out = kernel(grad, y), row by row.
template <class Kernel>
void gradient_of_rows(const View& out, const View& grad, const View& y, const Kernel& kernel) {
  visit_floating(y.dtype, [&]<class T>(T zero) {
    const Sizes sizes(y);
    for_rows(sizes.rows, sizes.n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> grads(grad), ys(y);
      for (std::int64_t row = begin; row < end; ++row) {
        kernel(kernels(zero), grads[row], ys[row], out.data<T>() + row * sizes.n, sizes.n);
      }
    });
  });
}

template <class T>
T element(const View& vector, std::int64_t i) {
  return vector.data<T>()[i * vector.strides[0]];
}

}  // namespace

void device::softmax(const View& out, const View& x, double scale, bool causal) {
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
}

void device::softmax_gradient(const View& out, const View& grad, const View& y, double scale) {
  gradient_of_rows(out, grad, y,
                   [scale]<class T>(const SoftmaxKernels<T>& kernels, const T* grads, const T* ys,
                                    T* to, std::int64_t n) {
                     kernels.softmax_gradient(grads, ys, to, n, static_cast<T>(scale));
                   });
}

void device::log_softmax(const View& out, const View& x) {
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
}

void device::log_softmax_gradient(const View& out, const View& grad, const View& y) {
  gradient_of_rows(out, grad, y,
                   []<class T>(const SoftmaxKernels<T>& kernels, const T* grads, const T* ys, T* to,
                               std::int64_t n) { kernels.log_softmax_gradient(grads, ys, to, n); });
}

void device::logsumexp(const View& out, const View& x) {
  const Sizes sizes(x);
  visit_floating(x.dtype, [&]<class T>(T zero) {
    for_rows(sizes.rows, sizes.n, [&](std::int64_t begin, std::int64_t end) {
      RowReader<T> rows(x);
      for (std::int64_t row = begin; row < end; ++row) {
        out.data<T>()[row] = kernels(zero).logsumexp(rows[row], sizes.n);
      }
    });
  });
}

std::optional<std::int64_t> device::wrong_label(const View& labels, std::int64_t classes) {
  const std::int64_t* first = labels.data<std::int64_t>();
  const std::int64_t* end = first + labels.size();
  const std::int64_t* found =
      std::find_if(first, end, [=](std::int64_t label) { return label < 0 || label >= classes; });
  return found == end ? std::nullopt : std::optional(*found);
}

void device::softmax_loss(const View& losses, const View& totals, const View& z, const View& labels,
                          double smoothing) {
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
}

void device::softmax_loss_gradient(const View& out, const View& z, const View& labels,
                                   const View& totals, const View& grad, double smoothing) {
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
}

}  // namespace needle
