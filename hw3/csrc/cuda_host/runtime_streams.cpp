// Streams and events: handles that must be right, and nothing else.

#include <chrono>
#include <map>
#include <memory>

#include "cuda_api/runtime_api.h"
#include "cuda_host/runtime_state.h"

struct CUstream_st {
  int device;
};

struct CUevent_st {
  int device;
  bool timed;
  bool recorded;
  std::chrono::steady_clock::time_point time;
};

namespace needle::host {
namespace {

/// Objects that are live. A handle is looked for here before anybody follows it.
template <class T>
class Handles {
 public:
  T* add(T object) {
    const std::lock_guard lock(mutex_);
    T* handle = new T(object);
    all_[handle] = std::unique_ptr<T>(handle);
    return handle;
  }
  bool remove(T* handle) {
    const std::lock_guard lock(mutex_);
    return all_.erase(handle) != 0;
  }
  bool has(T* handle) {
    const std::lock_guard lock(mutex_);
    return all_.contains(handle);
  }

 private:
  std::mutex mutex_;
  std::map<T*, std::unique_ptr<T>> all_;
};

Handles<CUstream_st>& streams() {
  static auto* handles = new Handles<CUstream_st>;
  return *handles;
}

Handles<CUevent_st>& events() {
  static auto* handles = new Handles<CUevent_st>;
  return *handles;
}

bool is_default(cudaStream_t stream) {
  return stream == nullptr || stream == cudaStreamLegacy || stream == cudaStreamPerThread;
}

cudaError_t invalid_handle() {
  return remember(cudaErrorInvalidResourceHandle);
}

}  // namespace

bool is_stream(cudaStream_t stream, int* device) {
  const bool standard = is_default(stream);
  if (!standard && !streams().has(stream)) return false;
  if (device != nullptr) *device = standard ? current_device() : stream->device;
  return true;
}

}  // namespace needle::host

using namespace needle::host;

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  if (stream == nullptr || flags > cudaStreamNonBlocking) return remember(cudaErrorInvalidValue);
  *stream = streams().add({current_device()});
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return streams().remove(stream) ? cudaSuccess : invalid_handle();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return is_stream(stream) ? cudaSuccess : invalid_handle();
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return is_stream(stream) ? cudaSuccess : invalid_handle();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags) {
  if (!is_stream(stream) || !events().has(event)) return invalid_handle();
  return flags == 0 ? cudaSuccess : remember(cudaErrorInvalidValue);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  if (!is_stream(stream)) return invalid_handle();
  if (function == nullptr) return remember(cudaErrorInvalidValue);
  function(data);
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  if (event == nullptr) return remember(cudaErrorInvalidValue);
  *event = events().add({current_device(), (flags & cudaEventDisableTiming) == 0, false, {}});
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return events().remove(event) ? cudaSuccess : invalid_handle();
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  int device = 0;
  if (!events().has(event) || !is_stream(stream, &device) || event->device != device) {
    return invalid_handle();
  }
  event->recorded = true;
  event->time = std::chrono::steady_clock::now();
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return events().has(event) ? cudaSuccess : invalid_handle();
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return events().has(event) ? cudaSuccess : invalid_handle();
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  if (!events().has(start) || !events().has(end)) return invalid_handle();
  for (cudaEvent_t event : {start, end}) {
    if (!event->recorded || !event->timed) return invalid_handle();
  }
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return cudaSuccess;
}
