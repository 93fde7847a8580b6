#pragma once
// Division by a number that is known before a kernel runs: a multiplication and a shift.

#include <cstdint>

#include "common/wrapping.h"

namespace needle::cuda {

/// Divides numbers below 2^31 by one of 1 ... 2^31 - 1. For such a divisor d and s = ceil(log2 d),
/// floor(n / d) = floor(n m / 2^(32 + s)) with m = floor(2^32 (2^s - d) / d) + 1 + 2^32 (Granlund
/// and Montgomery, 1994, fig. 4.1); the 2^32 in m is added as n itself.
class Divider {
 public:
  Divider() = default;
  /// By 1 instead of 0, as the size of an axis may be: then nothing is divided.
  explicit Divider(std::int64_t divisor)
      : divisor_(divisor > 0 ? static_cast<std::uint32_t>(divisor) : 1) {
    while ((std::uint64_t{1} << shift_) < divisor_) ++shift_;
    const std::uint64_t rest = (std::uint64_t{1} << shift_) - divisor_;
    factor_ = static_cast<std::uint32_t>((rest << 32) / divisor_ + 1);
  }

  NEEDLE_FUNCTION std::uint32_t divide(std::uint32_t n) const {
    const auto high = static_cast<std::uint32_t>((std::uint64_t{n} * factor_) >> 32);
    return (high + n) >> shift_;  // n is below 2^31, and high not above n: no carry is lost
  }
  NEEDLE_FUNCTION std::uint32_t divisor() const { return divisor_; }

 private:
  std::uint32_t divisor_ = 1, factor_ = 1, shift_ = 0;
};

}  // namespace needle::cuda
