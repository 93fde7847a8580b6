#include "cuda/transfer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "cuda/check.h"
#include "cuda/devices.h"

namespace needle::cuda {
namespace {

constexpr std::size_t kPiece = std::size_t{4} << 20;
/// A piece of pinned memory, and when the device has done with it.
struct Piece {
  char* data = nullptr;
  cudaEvent_t free = nullptr;

  void make() {
    if (data != nullptr) return;
    NEEDLE_CUDA_CHECK(cudaEventCreateWithFlags(&free, cudaEventDisableTiming));
    void* memory = nullptr;
    NEEDLE_CUDA_CHECK(cudaMallocHost(&memory, kPiece));
    data = static_cast<char*>(memory);
  }
  void wait() const { NEEDLE_CUDA_CHECK(cudaEventSynchronize(free)); }
  void record() const { NEEDLE_CUDA_CHECK(cudaEventRecord(free, stream())); }
};

/// The two pieces of a device; one transfer at a time.
struct Staging {
  std::mutex mutex;
  std::array<Piece, 2> pieces;
};

/// Never destroyed: the driver may be gone when static objects are.
Staging& staging() {
  static auto* const all = new std::array<Staging, kMaxDevices>;
  return (*all)[static_cast<std::size_t>(current_device())];
}

}  // namespace

void to_device(void* device, const void* host, std::size_t bytes) {
  const cudaStream_t on = stream();
  Staging& ours = staging();
  const std::lock_guard lock(ours.mutex);
  for (std::size_t at = 0, number = 0; at < bytes; at += kPiece, ++number) {
    Piece& piece = ours.pieces[number % 2];
    const std::size_t size = std::min(kPiece, bytes - at);
    piece.make();
    piece.wait();
    std::memcpy(piece.data, static_cast<const char*>(host) + at, size);
    NEEDLE_CUDA_CHECK(cudaMemcpyAsync(static_cast<char*>(device) + at, piece.data, size,
                                      cudaMemcpyHostToDevice, on));
    piece.record();
  }
}

void to_host(void* host, const void* device, std::size_t bytes) {
  const cudaStream_t on = stream();
  Staging& ours = staging();
  const std::lock_guard lock(ours.mutex);
  const auto size_at = [bytes](std::size_t at) { return std::min(kPiece, bytes - at); };
  const auto start = [&](std::size_t at) {
    Piece& piece = ours.pieces[at / kPiece % 2];
    piece.make();
    piece.wait();
    NEEDLE_CUDA_CHECK(cudaMemcpyAsync(piece.data, static_cast<const char*>(device) + at,
                                      size_at(at), cudaMemcpyDeviceToHost, on));
    piece.record();
  };
  if (bytes > 0) start(0);
  for (std::size_t at = 0; at < bytes; at += kPiece) {
    if (at + kPiece < bytes) start(at + kPiece);
    Piece& piece = ours.pieces[at / kPiece % 2];
    piece.wait();
    std::memcpy(static_cast<char*>(host) + at, piece.data, size_at(at));
  }
}

}  // namespace needle::cuda
