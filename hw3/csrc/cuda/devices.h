#pragma once
// The GPUs: which there are, which one a thread works on, and their streams.
//
// Nothing here touches the driver before it is asked. All work of a device is put on one stream, in
// order, and runs while the host goes on. The stream waits for the legacy default stream, and that
// for it: so arrays can be handed to libraries that work there, PyTorch by default, as they are.

#include <cuda_runtime.h>

#include <string>

namespace needle::cuda {

/// GPUs beyond are not used.
inline constexpr int kMaxDevices = 64;

/// Why no GPU can be used; empty if one can.
std::string why_disabled();

/// The number of GPUs, at most kMaxDevices. Throws std::runtime_error if none can be used.
int device_count();

/// The device that this thread works on (common/device.h: `use` changes it).
int current_device();

/// The stream of the current device, which is CUDA's current one, too, from here on. Throws
/// std::runtime_error if no GPU can be used, and in a process that was forked after the first use:
/// a GPU's state does not survive that.
cudaStream_t stream();

/// Makes the current device that of CUDA's runtime in this thread. Another library may have set
/// one of its own since (PyTorch does), where memory would then be allocated and kernels refused.
void make_current();

/// Waits for all work of the current device.
void synchronize();

/// The number of multiprocessors of the current device.
int multiprocessors();

/// The architecture of the current device, as compilers call it: sm_90.
std::string architecture();

}  // namespace needle::cuda
