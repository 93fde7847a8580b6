#pragma once
// An elementwise job, and the tables of what can be done.

#include "cuda/offsets.h"
#include "ops/elementwise_table.h"
#include "ops/input.h"

namespace needle::cuda {

/// out[i] = f(inputs[0][i], ...) for at most kMostPlaces places. Operand 0 is the result; those
/// that a job has not have strides of 0.
struct Job {
  static constexpr int kOperands = kMaxInputs + 1;

  const char* name = "";
  char* data[kOperands] = {};  // nullptr: a number
  char numbers[kOperands][8] = {};
  Loops<kOperands> loops;
};

/// Starts the kernel of an operation.
using Launcher = void (*)(const Job& job);

struct UnaryTable {
  KernelOf<Launcher> rows[kUnaries][kDTypes];
};
struct BinaryTable {
  KernelOf<Launcher> rows[kBinaries][kDTypes];
};
struct MovesTable {
  Launcher cast[kDTypes][kDTypes];  // [from][to]
  Launcher where[kDTypes];          // of a bool, and two of the dtype
  Launcher copy[kDTypes];
};

// Each is in a file of its own, as they take long to compile.
const UnaryTable& unary_table();
const BinaryTable& binary_table();
const MovesTable& moves_table();

/// Starts what does out[i] = f(inputs[0][i], ...) at all places of `out`.
void run(const char* name, Launcher launcher, const View& out, const Input* inputs, int count);

/// Moves a matrix whose rows lie where the columns of the result do: true, or false if `loops`, of
/// the result and of `in`, describe something else. They are simplified.
bool transpose(DType dtype, char* out, const char* in, const Loops<2>& loops);

}  // namespace needle::cuda
