#pragma once
// Indices in kernels: those that are out of range are noted, and the host throws afterwards.

#include <cuda_runtime.h>

#include <cstdint>

#include "common/view.h"
#include "cuda/check.h"
#include "cuda/devices.h"
#include "cuda/transfer.h"

namespace needle::cuda {

/// The lowest number of an index that is out of range.
class WrongIndex {
 public:
  WrongIndex() : number_(View::empty(DType::int64, Dims(1, 1))) {
    NEEDLE_CUDA_CHECK(cudaMemsetAsync(number_.bytes(), 0xff, sizeof(std::uint64_t), stream()));
  }

  /// What kernels get: they take the minimum.
  unsigned long long* on_device() const { return number_.data<unsigned long long>(); }

  /// The number, once the kernels before are done; kNone if there is none.
  std::uint64_t number() const { return fetch(number_.data<std::uint64_t>()); }
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

 private:
  View number_;
};

/// Whether `index` lies inside of an axis of `size`; it is counted from the start then.
__device__ inline bool wrap(std::int64_t& index, std::int64_t size) {
  if (index < -size || index >= size) return false;
  if (index < 0) index += size;
  return true;
}

/// The element of `indices` at a place, counted in row-major order.
inline std::int64_t index_at(const View& indices, std::uint64_t place) {
  std::int64_t offset = 0;
  for (int axis = indices.ndim() - 1; axis >= 0; --axis) {
    const auto size = static_cast<std::uint64_t>(indices.shape[axis]);
    offset += static_cast<std::int64_t>(place % size) * indices.strides[axis];
    place /= size;
  }
  return fetch(indices.data<std::int64_t>() + offset);
}

}  // namespace needle::cuda
