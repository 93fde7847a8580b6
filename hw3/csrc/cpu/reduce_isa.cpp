// Compiled once per instruction set, with NEEDLE_ISA as the name of its namespace. It includes
// nothing with inline functions: the linker could choose the copy that was made here for everybody.

#include "cpu/reduce_table.h"

#define NEEDLE_INLINE inline __attribute__((always_inline))

namespace needle::NEEDLE_ISA {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint64_t;
using std::uint8_t;

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

/// Rows that are added to each other before they meet the results, and vectors that run in
/// parallel along a row: enough to hide the latency of an addition.
constexpr int kUnroll = 8;

/// The step between neighbours in memory, when it is known to be 1.
struct One {
  NEEDLE_INLINE constexpr operator int64_t() const { return 1; }
};

template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};
template <class T, int N>
using Vector = typename VectorOf<T, N>::type;

template <class T>
constexpr bool kFloating = T(0.5) != T(0);
template <class T>
constexpr bool kSigned = T(-1) < T(0);

template <class T>
constexpr T smallest() {
  if constexpr (kFloating<T>) {
    return -T(__builtin_inf());
  } else {
    return kSigned<T> ? T(T(1) << (8 * sizeof(T) - 1)) : T(0);
  }
}

template <class T>
constexpr T largest() {
  if constexpr (kFloating<T>) {
    return T(__builtin_inf());
  } else {
    return T(~smallest<T>());
  }
}

// Each operation has the value that changes nothing, and how two numbers, or two vectors of them,
// become one. `kTruth`: its operands are whether elements are not 0.

struct Sum {
  static constexpr bool kTruth = false;
  template <class T>
  static constexpr T identity = T(0);
  template <class V>
  NEEDLE_INLINE static V combine(V a, V b) {
    return a + b;
  }
};

struct Prod {
  static constexpr bool kTruth = false;
  template <class T>
  static constexpr T identity = T(1);
  template <class V>
  NEEDLE_INLINE static V combine(V a, V b) {
    return a * b;
  }
};

// A nan is unequal to itself: b is taken if it is one, and never replaces one by comparing larger.
struct Max {
  static constexpr bool kTruth = false;
  template <class T>
  static constexpr T identity = smallest<T>();
  template <class V>
  NEEDLE_INLINE static V combine(V a, V b) {
    return (b > a) | (b != b) ? b : a;
  }
};

struct Min {
  static constexpr bool kTruth = false;
  template <class T>
  static constexpr T identity = largest<T>();
  template <class V>
  NEEDLE_INLINE static V combine(V a, V b) {
    return (b < a) | (b != b) ? b : a;
  }
};

struct Any {
  static constexpr bool kTruth = true;
  template <class T>
  static constexpr T identity = T(0);
  template <class V>
  NEEDLE_INLINE static V combine(V a, V b) {
    return a | b;
  }
};

struct All {
  static constexpr bool kTruth = true;
  template <class T>
  static constexpr T identity = T(1);
  template <class V>
  NEEDLE_INLINE static V combine(V a, V b) {
    return a & b;
  }
};

/// The loops of one operation on elements of type In, with results of type Out.
template <class Op, class In, class Out>
struct Loops {
  static constexpr int kLanes =
      kVectorBytes / (sizeof(In) > sizeof(Out) ? sizeof(In) : sizeof(Out));
  using Lanes = Vector<Out, kLanes>;

  NEEDLE_INLINE static Out read(const In* at) {
    if constexpr (Op::kTruth) return Out(*at != In(0));
    return Out(*at);
  }

  NEEDLE_INLINE static Lanes converted(Vector<In, kLanes> values) {
    if constexpr (Op::kTruth) {
      return __builtin_convertvector(values != In(0), Lanes) & Out(1);
    } else {
      return __builtin_convertvector(values, Lanes);
    }
  }

  NEEDLE_INLINE static Lanes read_lanes(const In* at, One) {
    Vector<In, kLanes> values;
    __builtin_memcpy(&values, at, sizeof values);
    return converted(values);
  }

  NEEDLE_INLINE static Lanes read_lanes(const In* at, int64_t step) {
    Vector<In, kLanes> values;
#pragma GCC unroll 64
    for (int k = 0; k < kLanes; ++k) values[k] = at[k * step];
    return converted(values);
  }

  NEEDLE_INLINE static Lanes load(const Out* at) {
    Lanes values;
    __builtin_memcpy(&values, at, sizeof values);
    return values;
  }

  NEEDLE_INLINE static void store(Out* at, Lanes values) {
    __builtin_memcpy(at, &values, sizeof values);
  }

  /// Reduces values[0 ... Count - 1] by pairs, as deep as the logarithm of Count.
  template <int Count, class V>
  NEEDLE_INLINE static V by_pairs(V* values) {
#pragma GCC unroll 8
    for (int half = Count / 2; half > 0; half /= 2) {
#pragma GCC unroll 32
      for (int i = 0; i < half; ++i) values[i] = Op::combine(values[i], values[i + half]);
    }
    return values[0];
  }

  /// The reduction of one row.
  template <class Step>
  NEEDLE_INLINE static Out reduced(const In* row, int64_t size, Step step) {
    Lanes sums[kUnroll];
#pragma GCC unroll 8
    for (int k = 0; k < kUnroll; ++k) sums[k] = Lanes{} + Op::template identity<Out>;
    int64_t j = 0;
    for (; j + kUnroll * kLanes <= size; j += kUnroll * kLanes) {
#pragma GCC unroll 8
      for (int k = 0; k < kUnroll; ++k) {
        sums[k] = Op::combine(sums[k], read_lanes(row + (j + k * kLanes) * step, step));
      }
    }
    for (; j + kLanes <= size; j += kLanes) {
      sums[0] = Op::combine(sums[0], read_lanes(row + j * step, step));
    }
    Out lanes[kLanes];
    store(lanes, by_pairs<kUnroll>(sums));
    Out result = by_pairs<kLanes>(lanes);
    for (; j < size; ++j) result = Op::combine(result, read(row + j * step));
    return result;
  }

  template <class Step>
  NEEDLE_INLINE static void along(const ReduceBlock& block, Step step, Out* results) {
    const In* row = static_cast<const In*>(block.data);
    for (int64_t i = 0; i < block.kept; ++i, row += block.kept_stride) {
      results[i] = Op::combine(results[i], reduced(row, block.reduced, step));
    }
  }

  /// results[i] takes in `Elements` elements of row i; the rows are `step` apart.
  template <int Elements, class Step>
  NEEDLE_INLINE static void take_in(const In* data, int64_t stride, int64_t count, Step step,
                                    Out* results) {
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      Lanes values[Elements];
#pragma GCC unroll 8
      for (int k = 0; k < Elements; ++k) values[k] = read_lanes(data + i * step + k * stride, step);
      store(results + i, Op::combine(load(results + i), by_pairs<Elements>(values)));
    }
    for (; i < count; ++i) {
      Out values[Elements];
#pragma GCC unroll 8
      for (int k = 0; k < Elements; ++k) values[k] = read(data + i * step + k * stride);
      results[i] = Op::combine(results[i], by_pairs<Elements>(values));
    }
  }

  template <class Step>
  NEEDLE_INLINE static void across(const ReduceBlock& block, Step step, Out* results) {
    const In* data = static_cast<const In*>(block.data);
    const int64_t stride = block.reduced_stride;
    int64_t j = 0;
    for (; j + kUnroll <= block.reduced; j += kUnroll, data += kUnroll * stride) {
      take_in<kUnroll>(data, stride, block.kept, step, results);
    }
    for (; j < block.reduced; ++j, data += stride) {
      take_in<1>(data, stride, block.kept, step, results);
    }
  }

  static void accumulate(const ReduceBlock& block, Walk walk, void* results) {
    Out* out = static_cast<Out*>(results);
    if (walk == Walk::along) {
      block.reduced_stride == 1 ? along(block, One(), out)
                                : along(block, block.reduced_stride, out);
    } else {
      block.kept_stride == 1 ? across(block, One(), out) : across(block, block.kept_stride, out);
    }
  }

  static void start(void* results, int64_t count) {
    for (int64_t i = 0; i < count; ++i) static_cast<Out*>(results)[i] = Op::template identity<Out>;
  }

  static constexpr ReduceKernel kernel = {start, accumulate};
};

// The members of these lists are in the order of DType. Whole numbers are added and multiplied as
// unsigned ones, which wrap around by the rules of the language.

#define NEEDLE_TOTAL(Op)                                                        \
  {Loops<Op, uint8_t, uint64_t>::kernel, Loops<Op, uint8_t, uint64_t>::kernel,  \
   Loops<Op, int32_t, uint64_t>::kernel, Loops<Op, uint64_t, uint64_t>::kernel, \
   Loops<Op, float, float>::kernel,      Loops<Op, double, double>::kernel}
#define NEEDLE_EXTREME(Op)                                                   \
  {Loops<Op, uint8_t, uint8_t>::kernel, Loops<Op, uint8_t, uint8_t>::kernel, \
   Loops<Op, int32_t, int32_t>::kernel, Loops<Op, int64_t, int64_t>::kernel, \
   Loops<Op, float, float>::kernel,     Loops<Op, double, double>::kernel}
#define NEEDLE_TRUTH(Op)                                                     \
  {Loops<Op, uint8_t, uint8_t>::kernel, Loops<Op, uint8_t, uint8_t>::kernel, \
   Loops<Op, int32_t, uint8_t>::kernel, Loops<Op, int64_t, uint8_t>::kernel, \
   Loops<Op, float, uint8_t>::kernel,   Loops<Op, double, uint8_t>::kernel}

constexpr ReduceTable kTable = {{NEEDLE_TOTAL(Sum), NEEDLE_TOTAL(Prod), NEEDLE_EXTREME(Max),
                                 NEEDLE_EXTREME(Min), NEEDLE_TRUTH(Any), NEEDLE_TRUTH(All)}};

}  // namespace

const ReduceTable& reduce_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
