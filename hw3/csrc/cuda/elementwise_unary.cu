// The operations of one operand.

#include "cuda/elementwise.h"

namespace needle::cuda {
namespace {

/// `apply` or `lanes` of a functor; neither is there for all types.
template <class F>
struct OfOne {
  template <class T>
  static __device__ auto calculate(T a) {
    if constexpr (requires { F::apply(a); }) {
      return F::apply(a);
    } else {
      return F::template lanes<T>(a);
    }
  }
};

struct Starts {
  using Loop = Launcher;

  template <class F, class T>
  static constexpr Loop unary = start<1, OfOne<F>, Stored<ResultOf<F, T>>, T>;
};

constexpr UnaryTable make_table() {
  UnaryTable table = {};
  set_unaries<Starts>(table.rows);
  return table;
}

constexpr UnaryTable kTable = make_table();

}  // namespace

const UnaryTable& unary_table() {
  return kTable;
}

}  // namespace needle::cuda
