#pragma once
// The inner loops of the reductions.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "common/reduce_operations.h"
#include "cpu/reduce_table.h"
#include "cpu/simd.h"

namespace needle::NEEDLE_ISA {
namespace {

/// The distance between neighbours: known to be 1, or some number. `kUnroll`: the vectors that are
/// worked on side by side, enough to hide the latency of an addition.
struct One {
  static constexpr bool kKnown = true;
  static constexpr int kVectorBytes = NEEDLE_ISA::kVectorBytes;
  static constexpr int kUnroll = 8;
  NEEDLE_INLINE constexpr operator int64_t() const { return 1; }
};
/// Elements are read one by one, which makes long vectors no faster, and much code.
struct Some {
  static constexpr bool kKnown = false;
  static constexpr int kVectorBytes = 16;
  static constexpr int kUnroll = 4;
  int64_t value;
  NEEDLE_INLINE constexpr operator int64_t() const { return value; }
};

/// The loops of one operation on elements of type In, with results of type Out.
template <class Op, class In, class Out>
struct Loops {
  /// Elements that are worked on at once.
  template <class Step>
  static constexpr int kWidth =
      Step::kVectorBytes / (sizeof(In) > sizeof(Out) ? sizeof(In) : sizeof(Out));

  template <int N>
  using Lanes = Vector<Out, N>;

  /// N elements that are `step` apart, as operands.
  template <int N, class Step>
  NEEDLE_INLINE static Lanes<N> read(const In* at, Step step) {
    Vector<In, N> values;
    if constexpr (Step::kKnown) {
      __builtin_memcpy(&values, at, sizeof values);
    } else {
#pragma GCC unroll 64
      for (int k = 0; k < N; ++k) values[k] = at[k * step];
    }
    if constexpr (Op::kTruth) {
      return __builtin_convertvector(values != In(0), Lanes<N>) & Out(1);
    } else {
      return __builtin_convertvector(values, Lanes<N>);
    }
  }

  template <int N>
  NEEDLE_INLINE static Lanes<N> combine(Lanes<N> a, Lanes<N> b) {
    constexpr int kFull = 16 / sizeof(Out);
    if constexpr (!Op::kChoice || N >= kFull) {
      return Op::combine(a, b);
    } else {  // compilers make a branch, which is hard to predict, of a choice between few numbers
      Lanes<kFull> wide_a = {}, wide_b = {};
#pragma GCC unroll 16
      for (int k = 0; k < N; ++k) wide_a[k] = a[k], wide_b[k] = b[k];
      wide_a = Op::combine(wide_a, wide_b);
#pragma GCC unroll 16
      for (int k = 0; k < N; ++k) a[k] = wide_a[k];
      return a;
    }
  }

  /// Combines values[0 ... Count - 1] by pairs, as deep as the logarithm of Count.
  template <int Count, int N>
  NEEDLE_INLINE static Lanes<N> by_pairs(Lanes<N>* values) {
#pragma GCC unroll 8
    for (int half = Count / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
      for (int i = 0; i < half; ++i) values[i] = combine<N>(values[i], values[i + half]);
    }
    return values[0];
  }

  /// Combines N numbers by halves. On the way down, the fewer than N elements that are left of the
  /// row join where they fill a vector.
  template <int N, class Step>
  NEEDLE_INLINE static Out fold(Lanes<N> sums, const In* row, int64_t left, Step step) {
    if constexpr (N == 1) {
      return sums[0];
    } else {
      Lanes<N / 2> halves[2];
      __builtin_memcpy(halves, &sums, sizeof sums);
      halves[0] = combine<N / 2>(halves[0], halves[1]);
      if (left >= N / 2) {
        halves[0] = combine<N / 2>(halves[0], read<N / 2>(row, step));
        row += N / 2 * step;
        left -= N / 2;
      }
      return fold<N / 2>(halves[0], row, left, step);
    }
  }

  /// The reduction of one row.
  template <class Step>
  NEEDLE_INLINE static Out reduced(const In* row, int64_t size, Step step) {
    constexpr int kUnroll = Step::kUnroll, kLanes = kWidth<Step>;
    Lanes<kLanes> sums = Lanes<kLanes>{} + Op::template identity<Out>;
    int64_t j = 0;
    if (size >= kUnroll * kLanes) {
      Lanes<kLanes> parts[kUnroll];
#pragma GCC unroll 8
      for (int k = 0; k < kUnroll; ++k) parts[k] = sums;
      for (; j + kUnroll * kLanes <= size; j += kUnroll * kLanes) {
#pragma GCC unroll 8
        for (int k = 0; k < kUnroll; ++k) {
          parts[k] = combine<kLanes>(parts[k], read<kLanes>(row + (j + k * kLanes) * step, step));
        }
      }
      sums = by_pairs<kUnroll, kLanes>(parts);
    }
    for (; j + kLanes <= size; j += kLanes) {
      sums = combine<kLanes>(sums, read<kLanes>(row + j * step, step));
    }
    return fold<kLanes>(sums, row + j * step, size - j, step);
  }

  template <class Step>
  NEEDLE_INLINE static void along(const ReduceBlock& block, Step step, Out* results) {
    const In* row = static_cast<const In*>(block.data);
    for (int64_t i = 0; i < block.kept; ++i, row += block.kept_stride) {
      const Lanes<1> both[2] = {{results[i]}, {reduced(row, block.reduced, step)}};
      results[i] = combine<1>(both[0], both[1])[0];
    }
  }

  /// results[0 ... N - 1] take in `Elements` elements of their rows, which are `step` apart.
  template <int Elements, int N, class Step>
  NEEDLE_INLINE static void take_in(const In* data, int64_t stride, Step step, Out* results) {
    Lanes<N> values[Elements], sums;
#pragma GCC unroll 8
    for (int k = 0; k < Elements; ++k) values[k] = read<N>(data + k * stride, step);
    __builtin_memcpy(&sums, results, sizeof sums);
    sums = combine<N>(sums, by_pairs<Elements, N>(values));
    __builtin_memcpy(results, &sums, sizeof sums);
  }

  /// The same for fewer than 2 N results.
  template <int Elements, int N, class Step>
  NEEDLE_INLINE static void take_in_rest(const In* data, int64_t stride, int64_t count, Step step,
                                         Out* results) {
    if (count >= N) {
      take_in<Elements, N>(data, stride, step, results);
      data += N * step;
      results += N;
      count -= N;
    }
    if constexpr (N > 1) take_in_rest<Elements, N / 2>(data, stride, count, step, results);
  }

  template <int Elements, class Step>
  NEEDLE_INLINE static void take_in_all(const In* data, int64_t stride, int64_t count, Step step,
                                        Out* results) {
    constexpr int kLanes = kWidth<Step>;
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      take_in<Elements, kLanes>(data + i * step, stride, step, results + i);
    }
    take_in_rest<Elements, kLanes / 2>(data + i * step, stride, count - i, step, results + i);
  }

  template <class Step>
  NEEDLE_INLINE static void across(const ReduceBlock& block, Step step, Out* results) {
    const In* data = static_cast<const In*>(block.data);
    const int64_t stride = block.reduced_stride;
    constexpr int kUnroll = Step::kUnroll;
    int64_t j = 0;
    for (; j + kUnroll <= block.reduced; j += kUnroll, data += kUnroll * stride) {
      take_in_all<kUnroll>(data, stride, block.kept, step, results);
    }
    for (; j < block.reduced; ++j, data += stride) {
      take_in_all<1>(data, stride, block.kept, step, results);
    }
  }

  static void accumulate(const ReduceBlock& block, Walk walk, void* results) {
    Out* out = static_cast<Out*>(results);
    if (walk == Walk::along && block.reduced_stride == 1) {
      along(block, One(), out);
    } else if (walk == Walk::along) {
      along(block, Some{block.reduced_stride}, out);
    } else if (block.kept_stride == 1) {
      across(block, One(), out);
    } else {
      across(block, Some{block.kept_stride}, out);
    }
  }

  static void start(void* results, int64_t count) {
    for (int64_t i = 0; i < count; ++i) static_cast<Out*>(results)[i] = Op::template identity<Out>;
  }

  static constexpr ReduceKernel kernel = {start, accumulate};
};

}  // namespace
}  // namespace needle::NEEDLE_ISA
