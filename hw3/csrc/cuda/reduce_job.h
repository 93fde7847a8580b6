#pragma once
// How a reduction is laid out on threads: what the host decides and the kernels follow.

#include "cuda/offsets.h"
#include "cuda/threads_of_block.h"
#include "ops/operations.h"

namespace needle::cuda {

/// The way along the reduced axes. Its steps are packs: elements that are neighbours, read at once.
struct Walk {
  Offsets<1> packs;
  bool is_line = false;
  std::int64_t stride = 0;  // of packs, on a line

  explicit Walk(const Loops<1>& loops)
      : packs(loops),
        is_line(loops.shape.size() <= 1),
        stride(loops.shape.size() == 1 ? loops.strides[0][0] : 0) {}

  NEEDLE_FUNCTION std::int64_t at(std::uint32_t pack) const {
    if (is_line) return pack * stride;
    std::int64_t offset[1];
    packs.at(pack, offset);
    return offset[0];
  }
};

/// A result for each place of the kept axes; or one for each of `cut.chunks` parts of the walk, as
/// rows of kept_count results.
struct ReduceJob {
  const char* in;
  char* out;
  Offsets<2> kept;  // in `in` and in `out`
  std::uint32_t kept_count;
  Walk walk;
  std::uint32_t whole;  // packs
  std::uint32_t rest;   // elements of one more pack, on a line
  bool is_packed;       // with kPack elements, else with one
  bool is_aligned;      // every pack can be read at once
  Sharing sharing;
  Cut cut;
};

/// Starts the kernel of an operation.
using ReduceLauncher = void (*)(const ReduceJob& job);

// Each is in a file of its own, as they take long to compile.
ReduceLauncher totals_launcher(Reduction op, DType dtype);
ReduceLauncher extremes_launcher(Reduction op, DType dtype);
ReduceLauncher truth_launcher(Reduction op, DType dtype);

/// Elements that are read at once: 16 bytes, the most that one instruction loads.
template <class T>
inline constexpr int kPack = 16 / static_cast<int>(sizeof(T));

}  // namespace needle::cuda
