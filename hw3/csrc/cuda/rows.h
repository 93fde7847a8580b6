#pragma once
// Kernels that work on rows: a few lanes of a warp for a short one, a warp, or a block for a long
// one. Each lane takes every so many-th element; what it has read it keeps in registers, so that a
// row is read once. A row that does not fit is read anew in each pass, mostly from the cache.
//
// A lane's loads do not wait for each other. Four of them in each of 2048 threads are 32 KiB on
// their way to a multiprocessor. 132 of these need 25 KiB each, if the memory takes 0.7 us to
// answer and gives 4.8 TB/s.

#include <cstdint>
#include <type_traits>

#include "cuda/block_reduce.h"
#include "cuda/launch.h"

namespace needle::cuda {

/// `lanes` neighbouring lanes of a warp.
template <int lanes>
struct LaneGroup {
  static constexpr int kLanes = lanes, kBlock = kThreads;

  template <class T, class Combine>
  static __device__ T reduce(T value, const Combine& combine) {
    return warp_reduce<lanes>(value, combine);
  }
};

/// A block of `threads` threads.
template <int threads>
struct BlockGroup {
  static constexpr int kLanes = threads, kBlock = threads;

  template <class T, class Combine>
  static __device__ T reduce(T value, const Combine& combine) {
    return block_reduce<threads>(value, combine);
  }
};

struct Larger {
  /// nan is passed over in favour of b.
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};

struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

/// Two sums that are made at once.
template <class T>
struct SumPair {
  T first, second;

  __device__ friend SumPair operator+(const SumPair& a, const SumPair& b) {
    return {a.first + b.first, a.second + b.second};
  }
};

/// How a group walks along a row. All its lanes, and all of the warp, must make the same calls. Of
/// a row of at most `kept` elements for each lane these can be kept; 0 is for rows of any length.
template <class Group, int kept>
class Walk {
 public:
  static constexpr int kLanes = Group::kLanes, kBlock = Group::kBlock;
  static constexpr int kGroups = kBlock / kLanes;  // of a block
  static constexpr int kKept = kept;
  static constexpr bool kKeeps = kept > 0;
  using Index = std::conditional_t<kKeeps, int, std::int64_t>;

  /// What terms of type T are added up in: many are in float64, so that the rounding error does not
  /// grow with their number.
  template <class T>
  using Sum = std::conditional_t<kKeeps, T, double>;

  /// Along `size` elements; 0 if there is no row for the group.
  __device__ explicit Walk(std::int64_t row_size) : size(static_cast<Index>(row_size)) {}

  const Index size;

  static __device__ int lane() { return threadIdx.x % kLanes; }
  /// The number of this group among those of all blocks.
  static __device__ std::int64_t group() {
    return std::int64_t{blockIdx.x} * kGroups + threadIdx.x / kLanes;
  }
  /// Whether this lane writes what there is one of for each row.
  __device__ bool leads() const { return lane() == 0 && size > 0; }

  /// Calls `body(i, k)` for this lane's elements of the first `count`, where k counts them if they
  /// can be kept.
  template <class Body>
  __device__ void each(Index count, const Body& body) const {
    if constexpr (kKeeps) {
#pragma unroll
      for (int k = 0; k < kKept; ++k) {
        const int i = lane() + k * kLanes;
        if (i < count) body(i, k);
      }
    } else {
#pragma unroll 4
      for (std::int64_t i = lane(); i < count; i += kLanes) body(i, 0);
    }
  }
  template <class Body>
  __device__ void each(const Body& body) const {
    each(size, body);
  }

  /// The sum of `term(i, k)` over the first `count` elements; all lanes get it.
  template <class T, class Term>
  __device__ Sum<T> sum(Index count, const Term& term) const {
    Sum<T> total = 0;
    each(count, [&](Index i, int k) { total += static_cast<Sum<T>>(term(i, k)); });
    return Group::reduce(total, Plus());
  }
  template <class T, class Term>
  __device__ Sum<T> sum(const Term& term) const {
    return sum<T>(size, term);
  }

  template <class T, class Combine>
  static __device__ T reduce(T value, const Combine& combine) {
    return Group::reduce(value, combine);
  }
};

/// This lane's elements of a row, kept if they can be.
template <class T, class Walk, class Load>
class Elements {
 public:
  using Index = typename Walk::Index;

  /// The first `count` elements, which `load(i)` reads.
  __device__ Elements(const Walk& walk, Index count, const Load& load) : load_(load) {
    if constexpr (Walk::kKeeps) {
      walk.each(count, [&](Index i, int k) { kept_[k] = load_(i); });
    }
  }

  /// Element i, the k-th of this lane.
  __device__ T at(Index i, int k) const {
    if constexpr (Walk::kKeeps) return kept_[k];
    return load_(i);
  }

  /// Keeps another value in place of the k-th one. Only for what is kept.
  __device__ void replace(int k, T value) { kept_[k] = value; }

 private:
  Load load_;
  T kept_[Walk::kKeeps ? Walk::kKept : 1];
};

template <class T, class Walk, class Load>
__device__ Elements<T, Walk, Load> elements(const Walk& walk, typename Walk::Index count,
                                            const Load& load) {
  return Elements<T, Walk, Load>(walk, count, load);
}
template <class T, class Walk, class Load>
__device__ Elements<T, Walk, Load> elements(const Walk& walk, const Load& load) {
  return Elements<T, Walk, Load>(walk, walk.size, load);
}

/// What a lane keeps of a row at most. Kernels that read two rows keep twice as much, and gradients
/// of weights as much again: that fits into the registers.
inline constexpr int kWarpBytes = 128, kBlockBytes = 64;

/// The most elements of rows that are short.
template <class T>
inline constexpr std::int64_t kMostShort = 256 * kBlockBytes / sizeof(T);

template <class T, class Function>
void visit_short_walk(std::int64_t n, const Function& function) {
  constexpr int kMany = kWarpBytes / sizeof(T), kSome = kBlockBytes / sizeof(T);
  if (n <= 8 * 4) return function.template operator()<Walk<LaneGroup<8>, 4>>();
  if (n <= kWarp * 8) return function.template operator()<Walk<LaneGroup<kWarp>, 8>>();
  if (n <= kWarp * kMany) return function.template operator()<Walk<LaneGroup<kWarp>, kMany>>();
  function.template operator()<Walk<BlockGroup<256>, kSome>>();
}
template <class T, class Function>
void visit_long_walk(std::int64_t n, const Function& function) {
  constexpr int kMany = kWarpBytes / sizeof(T);
  if (n <= 512 * kMany) return function.template operator()<Walk<BlockGroup<512>, kMany>>();
  function.template operator()<Walk<BlockGroup<512>, 0>>();
}

/// Calls `function.operator()<Walk>()` with the walk for rows of n elements of type T.
template <class T, class Function>
void visit_walk(std::int64_t n, const Function& function) {
  if (n <= kMostShort<T>) return visit_short_walk<T>(n, function);
  visit_long_walk<T>(n, function);
}

/// Calls `work(walk, row)` for each row; groups without a row get one of size 0, as the others of
/// their warp must not wait for them.
template <class Walk, class Work>
__global__ void __launch_bounds__(Walk::kBlock, 1)
    rows_kernel(Work work, std::int64_t rows, std::int64_t size) {
  const std::int64_t row = Walk::group();
  work(Walk(row < rows ? size : 0), row < rows ? row : 0);
}

template <class Walk, class Work>
void launch_walk(const char* name, std::int64_t rows, std::int64_t size, const Work& work) {
  launch(name, rows_kernel<Walk, Work>, {ceil_div(rows, Walk::kGroups)}, {Walk::kBlock}, work, rows,
         size);
}

template <class T, class Work>
void launch_rows(const char* name, std::int64_t rows, std::int64_t size, const Work& work) {
  visit_walk<T>(size, [&]<class Walk>() { launch_walk<Walk>(name, rows, size, work); });
}

}  // namespace needle::cuda
