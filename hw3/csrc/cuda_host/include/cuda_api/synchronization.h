#pragma once
// Barriers of a block. Each call names its line, so that an error can, and so that threads that
// wait at different ones are told apart even where the compiler has copied a call.

#include "cuda_api/where.h"

namespace needle::host {

/// What a thread learns at a barrier of its block.
enum class Vote { none, any, all, count };

/// Waits for all threads of the block; the answer is that of `__syncthreads_or` and so on.
int wait_for_block(Vote vote, int predicate, Where where);

}  // namespace needle::host

inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  needle::host::wait_for_block(needle::host::Vote::none, 0, {"__syncthreads", file, line});
}

inline int __syncthreads_or(int predicate, const char* file = __builtin_FILE(),
                            int line = __builtin_LINE()) {
  return needle::host::wait_for_block(needle::host::Vote::any, predicate,
                                      {"__syncthreads_or", file, line});
}

inline int __syncthreads_and(int predicate, const char* file = __builtin_FILE(),
                             int line = __builtin_LINE()) {
  return needle::host::wait_for_block(needle::host::Vote::all, predicate,
                                      {"__syncthreads_and", file, line});
}

inline int __syncthreads_count(int predicate, const char* file = __builtin_FILE(),
                               int line = __builtin_LINE()) {
  return needle::host::wait_for_block(needle::host::Vote::count, predicate,
                                      {"__syncthreads_count", file, line});
}

// Fences order a thread's own accesses, which are in order here. They synchronise nobody.
inline void __threadfence_block() {}
inline void __threadfence() {}
inline void __threadfence_system() {}
