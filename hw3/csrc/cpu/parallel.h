#pragma once
// One persistent pool of threads.

#include <cstdint>
#include <functional>

namespace needle {

/// The number of threads that kernels may use, the caller's included; at least 1.
int num_threads();
void set_num_threads(int threads);

/// Calls `body(begin, end)` for parts of [0, total) that cover it, each `grain` long but the last,
/// on the pool and on the calling thread, and returns when all are done. The parts do not depend on
/// the number of threads, so neither do results. With one part, or inside of a body, it is a plain
/// call. The first exception of a body is thrown here, after the other parts have ended.
///
/// Safe to call from several threads at once, and in a child after fork().
void parallel_for(std::int64_t total, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace needle
