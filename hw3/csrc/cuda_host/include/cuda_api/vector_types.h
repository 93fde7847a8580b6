#pragma once
// Vectors of two to four numbers, aligned as on the device: a load of one is a single instruction.

#define NEEDLE_HOST_VECTOR2(Name, T, Alignment) \
  struct alignas(Alignment) Name {              \
    T x, y;                                     \
  };                                            \
  inline Name make_##Name(T x, T y) {           \
    return {x, y};                              \
  }
#define NEEDLE_HOST_VECTOR3(Name, T)       \
  struct Name {                            \
    T x, y, z;                             \
  };                                       \
  inline Name make_##Name(T x, T y, T z) { \
    return {x, y, z};                      \
  }
#define NEEDLE_HOST_VECTOR4(Name, T, Alignment) \
  struct alignas(Alignment) Name {              \
    T x, y, z, w;                               \
  };                                            \
  inline Name make_##Name(T x, T y, T z, T w) { \
    return {x, y, z, w};                        \
  }

NEEDLE_HOST_VECTOR2(char2, signed char, 2)
NEEDLE_HOST_VECTOR2(uchar2, unsigned char, 2)
NEEDLE_HOST_VECTOR2(short2, short, 4)
NEEDLE_HOST_VECTOR2(ushort2, unsigned short, 4)
NEEDLE_HOST_VECTOR2(int2, int, 8)
NEEDLE_HOST_VECTOR2(uint2, unsigned int, 8)
NEEDLE_HOST_VECTOR2(long2, long, 16)
NEEDLE_HOST_VECTOR2(ulong2, unsigned long, 16)
NEEDLE_HOST_VECTOR2(longlong2, long long, 16)
NEEDLE_HOST_VECTOR2(ulonglong2, unsigned long long, 16)
NEEDLE_HOST_VECTOR2(float2, float, 8)
NEEDLE_HOST_VECTOR2(double2, double, 16)

NEEDLE_HOST_VECTOR3(char3, signed char)
NEEDLE_HOST_VECTOR3(uchar3, unsigned char)
NEEDLE_HOST_VECTOR3(int3, int)
NEEDLE_HOST_VECTOR3(uint3, unsigned int)
NEEDLE_HOST_VECTOR3(float3, float)
NEEDLE_HOST_VECTOR3(double3, double)

NEEDLE_HOST_VECTOR4(char4, signed char, 4)
NEEDLE_HOST_VECTOR4(uchar4, unsigned char, 4)
NEEDLE_HOST_VECTOR4(short4, short, 8)
NEEDLE_HOST_VECTOR4(ushort4, unsigned short, 8)
NEEDLE_HOST_VECTOR4(int4, int, 16)
NEEDLE_HOST_VECTOR4(uint4, unsigned int, 16)
NEEDLE_HOST_VECTOR4(float4, float, 16)

#undef NEEDLE_HOST_VECTOR2
#undef NEEDLE_HOST_VECTOR3
#undef NEEDLE_HOST_VECTOR4

struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int x = 1, unsigned int y = 1, unsigned int z = 1) : x(x), y(y), z(z) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};
