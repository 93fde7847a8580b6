#include "cuda/events.h"

#include "cuda/check.h"
#include "cuda/devices.h"

namespace needle::cuda {
namespace {

/// A mark on a stream; the streams keep what they need of it when it is destroyed.
class Event {
 public:
  Event() { NEEDLE_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace

void let_wait(cudaStream_t other) {
  const cudaStream_t ours = stream();
  const Event done;
  NEEDLE_CUDA_CHECK(cudaEventRecord(done, ours));
  NEEDLE_CUDA_CHECK(cudaStreamWaitEvent(other, done, 0));
}

}  // namespace needle::cuda
