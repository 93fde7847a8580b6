#pragma once
// Mathematical functions: those of <cmath> in the global namespace, CUDA's `min` and `max`, and the
// few that only CUDA has.

#include <math.h>
#include <stdlib.h>

#include <algorithm>

#define NEEDLE_HOST_MIN_MAX(A, B, T)                       \
  inline T min(A a, B b) {                                 \
    return std::min(static_cast<T>(a), static_cast<T>(b)); \
  }                                                        \
  inline T max(A a, B b) {                                 \
    return std::max(static_cast<T>(a), static_cast<T>(b)); \
  }

NEEDLE_HOST_MIN_MAX(int, int, int)
NEEDLE_HOST_MIN_MAX(unsigned int, unsigned int, unsigned int)
NEEDLE_HOST_MIN_MAX(int, unsigned int, unsigned int)
NEEDLE_HOST_MIN_MAX(unsigned int, int, unsigned int)
NEEDLE_HOST_MIN_MAX(long, long, long)
NEEDLE_HOST_MIN_MAX(unsigned long, unsigned long, unsigned long)
NEEDLE_HOST_MIN_MAX(long, unsigned long, unsigned long)
NEEDLE_HOST_MIN_MAX(unsigned long, long, unsigned long)
NEEDLE_HOST_MIN_MAX(long long, long long, long long)
NEEDLE_HOST_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
NEEDLE_HOST_MIN_MAX(long long, unsigned long long, unsigned long long)
NEEDLE_HOST_MIN_MAX(unsigned long long, long long, unsigned long long)

#undef NEEDLE_HOST_MIN_MAX

// Of a number and a NaN, the number.
inline float min(float a, float b) {
  return fminf(a, b);
}
inline float max(float a, float b) {
  return fmaxf(a, b);
}
inline double min(double a, double b) {
  return fmin(a, b);
}
inline double max(double a, double b) {
  return fmax(a, b);
}
inline double min(float a, double b) {
  return fmin(a, b);
}
inline double max(float a, double b) {
  return fmax(a, b);
}
inline double min(double a, float b) {
  return fmin(a, b);
}
inline double max(double a, float b) {
  return fmax(a, b);
}

inline float rsqrtf(float x) {
  return 1.0f / sqrtf(x);
}
inline double rsqrt(double x) {
  return 1.0 / sqrt(x);
}
inline float fdividef(float a, float b) {
  return a / b;
}
inline double normcdf(double x) {
  return 0.5 * erfc(-x * 0.70710678118654752440);
}
inline float normcdff(float x) {
  return static_cast<float>(normcdf(x));
}
