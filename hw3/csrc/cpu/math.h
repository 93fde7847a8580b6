#pragma once
// exp, expm1, log, log1p, tanh and sigmoid of vectors of float and double, within 2 units in the
// last place.
//
// One formula serves both precisions. Nothing branches: special values are chosen at the end.
// `a * b + c` is rounded once on processors that can, so instruction sets differ in last bits.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/simd.h"

namespace needle::NEEDLE_ISA {
namespace {

/// The binary format of a floating-point type, and constants that depend on its precision.
template <class T>
struct Format;

template <>
struct Format<float> {
  using Bits = std::uint32_t;
  static constexpr int fraction = 23;  // bits after the point
  static constexpr int bias = 127;
  static constexpr float smallest_normal = 0x1p-126f;
  static constexpr Bits sqrt_half = 0x3f3504f3;    // the bits of sqrt(1/2)
  static constexpr float ln2_high = 0x1.62e4p-1f;  // times an exponent, it is exact
  static constexpr float ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float exp_low = -104, exp_high = 89;  // exp is 0 below, infinite above
  static constexpr float minus_one = -20;                // below it expm1 is -1
  static constexpr float one = 10;                       // above it tanh is 1
  static constexpr int exp_terms = 7, log_terms = 5;     // of the power series
};

template <>
struct Format<double> {
  using Bits = std::uint64_t;
  static constexpr int fraction = 52;
  static constexpr int bias = 1023;
  static constexpr double smallest_normal = 0x1p-1022;
  static constexpr Bits sqrt_half = 0x3fe6a09e667f3bcd;
  static constexpr double ln2_high = 0x1.62e42fefa4p-1;
  static constexpr double ln2_low = -0x1.8432a1b0e2634p-43;
  static constexpr double exp_low = -746, exp_high = 710;
  static constexpr double minus_one = -40;
  static constexpr double one = 20;
  static constexpr int exp_terms = 13, log_terms = 11;
};

template <class T>
using BitsOf = typename Format<T>::Bits;
template <class T>
using BitVector = Vector<BitsOf<T>>;

template <class T>
BitVector<T> bits_of(Vector<T> x) {
  return reinterpret_cast<BitVector<T>>(x);
}
template <class T>
Vector<T> from_bits(BitVector<T> bits) {
  return reinterpret_cast<Vector<T>>(bits);
}

template <class T>
Vector<T> fill(T value) {
  return value - Vector<T>{};  // and not value + 0, which loses the sign of -0
}

/// 2^(exponent - bias)
template <class T>
Vector<T> power_of_two(BitVector<T> biased_exponent) {
  return from_bits<T>(biased_exponent << Format<T>::fraction);
}

/// 2^n, for n that count bits of the format.
template <class T>
constexpr T two_to(int n) {
  return static_cast<T>(BitsOf<T>(1) << n);
}

/// Bounds that let nan through.
template <class T>
Vector<T> clamp(Vector<T> x, T low, T high) {
  x = x < low ? fill(low) : x;
  return x > high ? fill(high) : x;
}

template <class T>
constexpr BitsOf<T> kSignBit = ~(~BitsOf<T>(0) >> 1);

template <class T>
Vector<T> absolute(Vector<T> x) {
  return from_bits<T>(bits_of<T>(x) & ~kSignBit<T>);
}
template <class T>
Vector<T> with_sign(Vector<T> magnitude, Vector<T> sign) {
  return from_bits<T>(bits_of<T>(magnitude) | (bits_of<T>(sign) & kSignBit<T>));
}

/// x = k ln 2 + r with an integer k and |r| <= ln(2) / 2.
template <class T>
struct Reduced {
  BitVector<T> k;  // in two's complement
  Vector<T> r;
};

template <class T>
Reduced<T> reduce(Vector<T> x) {
  // Adding it leaves no bit for a fraction, so the sum is rounded to an integer in its low bits.
  constexpr T rounder = T(1.5) * two_to<T>(Format<T>::fraction);
  constexpr T inverse_ln2 = T(0x1.71547652b82fep+0);
  const Vector<T> rounded = x * inverse_ln2 + rounder;
  const Vector<T> k = rounded - rounder;
  const Vector<T> r = (x - k * Format<T>::ln2_high) - k * Format<T>::ln2_low;
  return {bits_of<T>(rounded) - bits_of<T>(fill(rounder)), r};
}

/// e^r - 1 - r = r^2/2! + r^3/3! + ... for |r| <= ln(2) / 2, by the power series.
template <class T>
Vector<T> exp_tail(Vector<T> r) {
  T factorial = 1;
  for (int n = 2; n <= Format<T>::exp_terms; ++n) factorial *= static_cast<T>(n);
  Vector<T> sum = fill(1 / factorial);
#pragma GCC unroll 16
  for (int n = Format<T>::exp_terms; n > 2; --n) {
    factorial /= static_cast<T>(n);
    sum = sum * r + 1 / factorial;
  }
  return sum * r * r;
}

/// e^x = 2^k e^r. Cody and Waite's reduction; see Muller, Elementary Functions, chapter 11.
template <class T>
Vector<T> exp(Vector<T> x) {
  using F = Format<T>;
  const auto [k, r] = reduce<T>(clamp<T>(x, F::exp_low, F::exp_high));
  // In two steps, the first one exact: 2^k alone may overflow, or lose bits as a denormal.
  const BitVector<T> both = k + BitsOf<T>(2 * F::bias);
  const BitVector<T> half = both >> 1;
  return (exp_tail<T>(r) + r + 1) * power_of_two<T>(half) * power_of_two<T>(both - half);
}

/// A number as the sum of two: `low` is at most a few units in the last place of `high`.
template <class T>
struct Sum {
  Vector<T> high, low;
};

/// a + b for |a| >= |b| or a = 0, exactly (Dekker).
template <class T>
Sum<T> exact_sum(Vector<T> a, Vector<T> b) {
  const Vector<T> sum = a + b;
  return {sum, b - (sum - a)};
}

/// (e^x - 1) / 2 = 2^(k-1) (e^r - 1 - r) + (2^(k-1) r + (2^(k-1) - 1/2)); as 2^k may overflow.
template <class T>
Sum<T> half_expm1(Vector<T> x) {
  using F = Format<T>;
  const auto [k, r] = reduce<T>(clamp<T>(x, F::minus_one, F::exp_high));
  const Vector<T> scale = power_of_two<T>(k + BitsOf<T>(F::bias - 1));
  const Sum<T> large = exact_sum<T>(scale - T(0.5), r * scale);
  const Sum<T> all = exact_sum<T>(large.high, exp_tail<T>(r) * scale);
  return {all.high, all.low + large.low};
}

/// Below it, x is expm1(x) and tanh(x) to the last bit, and halving it might not be exact.
template <class T>
constexpr T kTiny = 1 / two_to<T>(Format<T>::fraction + 2);

template <class T>
Vector<T> expm1(Vector<T> x) {
  return absolute<T>(x) < kTiny<T> ? x : 2 * half_expm1<T>(x).high;
}

/// tanh x = h / (h + 1) = 1 - 1 / (h + 1), where h = (e^2x - 1) / 2; for |x|.
///
/// For h < 1 the quotient is corrected, to first order, by what was lost in h and in h + 1.
template <class T>
Vector<T> tanh(Vector<T> x) {
  const Vector<T> magnitude = absolute<T>(x);
  const Sum<T> h = half_expm1<T>(2 * clamp<T>(magnitude, 0, Format<T>::one));
  const Sum<T> divisor = exact_sum<T>(fill(T(1)), h.high);
  const auto small = h.high < 1;
  const Vector<T> quotient = (small ? h.high : fill(T(-1))) / divisor.high;
  const Vector<T> lost = h.low - quotient * (divisor.low + h.low);
  const Vector<T> inverse = (12 - 4 * divisor.high) / T(8.5);  // of the divisor, to 6 %
  const Vector<T> result = quotient + (small ? lost * inverse : fill(T(1)));
  return with_sign<T>(magnitude < kTiny<T> ? magnitude : result, x);
}

/// 1 / (1 + e^-x). Where e^-x overflows to infinity it is 0, as it should be.
template <class T>
Vector<T> sigmoid(Vector<T> x) {
  return 1 / (1 + exp<T>(-x));
}

/// log(u + correction) for u >= 0 and a correction far below u: u = 2^k (1 + f) with 1 + f between
/// sqrt(1/2) and sqrt(2), and log(1 + f) = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...), where
/// s = f / (2 + f). As 2 s = f - s f, the sum is kept exact to f - (f^2/2 - s (f^2/2 + ...)).
template <class T>
Vector<T> log_of_sum(Vector<T> u, Vector<T> correction) {
  using F = Format<T>;
  constexpr int up = F::fraction + 2;
  const auto denormal = u < F::smallest_normal;
  const BitVector<T> bits = bits_of<T>(denormal ? u * two_to<T>(up) : u);
  // The difference of the bits has the exponent above sqrt(1/2) in place of the exponent.
  constexpr BitsOf<T> one = BitsOf<T>(F::bias) << F::fraction;
  const BitVector<T> exponent = (bits - (F::sqrt_half - one)) >> F::fraction;
  const Vector<T> f = from_bits<T>(bits - (exponent << F::fraction) + one) - 1;
  // In the low bits of 2^fraction, an integer becomes a fraction: converted by one subtraction.
  const Vector<T> integers = fill(two_to<T>(F::fraction));
  const Vector<T> offset = integers + (denormal ? fill(T(F::bias + up)) : fill(T(F::bias)));
  const Vector<T> k = from_bits<T>(bits_of<T>(integers) | exponent) - offset;

  const Vector<T> s = f / (2 + f);
  const Vector<T> z = s * s;
  Vector<T> series = fill(T(2) / T(2 * F::log_terms + 1));
#pragma GCC unroll 16
  for (int n = F::log_terms - 1; n > 0; --n) series = series * z + T(2) / T(2 * n + 1);
  const Vector<T> half_square = T(0.5) * f * f;
  const Vector<T> low = k * F::ln2_low + correction;
  const Vector<T> rest = s * (series * z + half_square) + low;
  return k * F::ln2_high + (f - (half_square - rest));
}

/// The logarithm's values outside of its domain and at the ends of it, for the argument `u`.
template <class T>
Vector<T> log_limits(Vector<T> u, Vector<T> result) {
  constexpr T infinity = __builtin_huge_valf();
  result = u < infinity ? result : u;
  result = u == 0 ? fill(-infinity) : result;
  return u < 0 ? fill(T(__builtin_nanf(""))) : result;
}

template <class T>
Vector<T> log(Vector<T> x) {
  return log_limits<T>(x, log_of_sum<T>(x, Vector<T>{}));
}

/// log(1 + x): what is lost in rounding 1 + x is added to first order, error / (1 + x).
template <class T>
Vector<T> log1p(Vector<T> x) {
  const Vector<T> u = 1 + x;
  const Vector<T> part = u - 1;
  const Vector<T> error = (1 - (u - part)) + (x - part);
  const Vector<T> result = log_limits<T>(u, log_of_sum<T>(u, error / u));
  return x == 0 ? x : result;
}

}  // namespace
}  // namespace needle::NEEDLE_ISA
