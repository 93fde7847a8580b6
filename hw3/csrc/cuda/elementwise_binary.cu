// The operations of two operands.

#include "cuda/elementwise.h"

namespace needle::cuda {
namespace {

/// `apply` or `lanes` of a functor; neither is there for all types.
template <class F>
struct OfTwo {
  template <class T>
  static __device__ auto calculate(T a, T b) {
    if constexpr (requires { F::apply(a, b); }) {
      return F::apply(a, b);
    } else {
      return F::template lanes<T>(a, b);
    }
  }
};

struct Starts {
  using Loop = Launcher;

  template <class F, class T>
  static constexpr Loop binary = start<2, OfTwo<F>, Stored<ResultOf<F, T, T>>, T>;
};

constexpr BinaryTable make_table() {
  BinaryTable table = {};
  set_binaries<Starts>(table.rows);
  return table;
}

constexpr BinaryTable kTable = make_table();

}  // namespace

const BinaryTable& binary_table() {
  return kTable;
}

}  // namespace needle::cuda
