#pragma once
// The inner loops of the reductions, which are compiled once per instruction set.

#include <cstdint>

#include "common/dtype.h"
#include "cpu/declare_table.h"
#include "ops/operations.h"

namespace needle {

/// A matrix whose rows are to be reduced: element (i, j) is at data + i * kept_stride + j *
/// reduced_stride. Strides are in elements; reduced_stride is not negative.
struct ReduceBlock {
  const void* data;
  std::int64_t kept, kept_stride;
  std::int64_t reduced, reduced_stride;
};

/// Which way a block is walked: along its rows, one result after the other, or across them, one
/// element of every row at a time. Memory is read in the order in which it lies.
enum class Walk : std::uint8_t { along, across };

struct ReduceKernel {
  /// Sets `count` results to what changes nothing: 0 for a sum, -inf for a maximum.
  void (*start)(void* results, std::int64_t count);
  /// Reduces row i of the block, and what is in results[i], to results[i].
  void (*accumulate)(const ReduceBlock& block, Walk walk, void* results);
};

struct ReduceTable {
  ReduceKernel kernels[kReductions][kDTypes];
};

NEEDLE_DECLARE_TABLE(ReduceTable, reduce_table)

}  // namespace needle
