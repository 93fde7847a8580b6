// Conversions, choices and moves: what does not calculate.

#include "cuda/elementwise.h"

namespace needle::cuda {
namespace {

template <class To>
struct Cast {
  template <class From>
  static __device__ To calculate(From a) {
    return convert<To>(a);
  }
};
struct IsTrue {
  template <class From>
  static __device__ std::uint8_t calculate(From a) {
    return a != 0;
  }
};
struct Choose {
  template <class T>
  static __device__ T calculate(std::uint8_t condition, T a, T b) {
    return condition != 0 ? a : b;
  }
};

struct Same {
  template <class T>
  static __device__ T calculate(T a) {
    return a;
  }
};

struct Starts {
  using Loop = Launcher;

  template <class From, class To>
  static constexpr Loop cast = start<1, Cast<To>, To, From>;
  template <class From>
  static constexpr Loop cast_to_bool = start<1, IsTrue, std::uint8_t, From>;
  template <class T>
  static constexpr Loop where = start<3, Choose, T, std::uint8_t, T>;
};

constexpr MovesTable make_table() {
  MovesTable table = {};
  set_casts<Starts>(table.cast);
  set_wheres<Starts>(table.where);
  for (int dtype = 0; dtype < kDTypes; ++dtype) {
    const std::size_t size = item_size(static_cast<DType>(dtype));
    table.copy[dtype] = size == 8   ? start<1, Same, std::uint64_t, std::uint64_t>
                        : size == 4 ? start<1, Same, std::uint32_t, std::uint32_t>
                                    : start<1, Same, std::uint8_t, std::uint8_t>;
  }
  return table;
}

constexpr MovesTable kTable = make_table();

}  // namespace

const MovesTable& moves_table() {
  return kTable;
}

}  // namespace needle::cuda
