#pragma once
// Whole vectors, and the first numbers of one: what a loop needs that ends anywhere.
//
// Only for files that are compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/simd.h"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define NEEDLE_UNROLL _Pragma("GCC unroll 16")

namespace needle::NEEDLE_ISA {
namespace {

NEEDLE_INLINE int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

template <class T>
NEEDLE_INLINE Vector<T> load(const T* from) {
  Vector<T> vector;
  __builtin_memcpy(&vector, from, sizeof(vector));
  return vector;
}

template <class T>
NEEDLE_INLINE void store(T* to, Vector<T> vector) {
  __builtin_memcpy(to, &vector, sizeof(vector));
}

/// The first `count` numbers of a vector: reads and writes nothing past them; the rest is zero.
template <class T>
class First {
 public:
#if defined(__AVX512F__)
  NEEDLE_INLINE explicit First(int64_t count) : mask_((1u << count) - 1) {}

  NEEDLE_INLINE Vector<float> load(const float* at) const {
    return (Vector<float>)_mm512_maskz_loadu_ps(mask_, at);
  }
  NEEDLE_INLINE Vector<double> load(const double* at) const {
    return (Vector<double>)_mm512_maskz_loadu_pd(mask_, at);
  }
  NEEDLE_INLINE void store(float* at, Vector<float> values) const {
    _mm512_mask_storeu_ps(at, mask_, (__m512)values);
  }
  NEEDLE_INLINE void store(double* at, Vector<double> values) const {
    _mm512_mask_storeu_pd(at, mask_, (__m512d)values);
  }

 private:
  unsigned mask_;
#elif defined(__AVX2__)
  NEEDLE_INLINE explicit First(int64_t count) {
    for (int i = 0; i < kLanes<T>; ++i) mask_[i] = i < count ? -1 : 0;
  }

  NEEDLE_INLINE Vector<float> load(const float* at) const {
    return (Vector<float>)_mm256_maskload_ps(at, (__m256i)mask_);
  }
  NEEDLE_INLINE Vector<double> load(const double* at) const {
    return (Vector<double>)_mm256_maskload_pd(at, (__m256i)mask_);
  }
  NEEDLE_INLINE void store(float* at, Vector<float> values) const {
    _mm256_maskstore_ps(at, (__m256i)mask_, (__m256)values);
  }
  NEEDLE_INLINE void store(double* at, Vector<double> values) const {
    _mm256_maskstore_pd(at, (__m256i)mask_, (__m256d)values);
  }

 private:
  decltype(Vector<T>{} < Vector<T>{}) mask_;  // integers as wide as T
#else
  NEEDLE_INLINE explicit First(int64_t count) : count_(count) {}

  NEEDLE_INLINE Vector<T> load(const T* at) const {
    Vector<T> values = {};
    NEEDLE_UNROLL for (int i = 0; i < kLanes<T>; ++i) {
      if (i < count_) values[i] = at[i];
    }
    return values;
  }
  NEEDLE_INLINE void store(T* at, Vector<T> values) const {
    NEEDLE_UNROLL for (int i = 0; i < kLanes<T>; ++i) {
      if (i < count_) at[i] = values[i];
    }
  }

 private:
  int64_t count_;
#endif
};

/// A whole vector, used as First is.
template <class T>
struct Whole {
  NEEDLE_INLINE Vector<T> load(const T* at) const { return needle::NEEDLE_ISA::load(at); }
  NEEDLE_INLINE void store(T* at, Vector<T> v) const { needle::NEEDLE_ISA::store(at, v); }
};

}  // namespace
}  // namespace needle::NEEDLE_ISA
