#pragma once
// Atomic operations; each returns the value from before. They are checked as such, and in files of
// their own: there the compiler adds no checks of plain accesses.

#define NEEDLE_HOST_ATOMIC(name, T)             \
  T name(T* address, T value);                  \
  inline T name##_block(T* address, T value) {  \
    return name(address, value);                \
  }                                             \
  inline T name##_system(T* address, T value) { \
    return name(address, value);                \
  }
#define NEEDLE_HOST_ATOMIC_INTEGERS(name) \
  NEEDLE_HOST_ATOMIC(name, int)           \
  NEEDLE_HOST_ATOMIC(name, unsigned int)  \
  NEEDLE_HOST_ATOMIC(name, unsigned long long int)
#define NEEDLE_HOST_ATOMIC_LONG(name) NEEDLE_HOST_ATOMIC(name, long long int)

NEEDLE_HOST_ATOMIC_INTEGERS(atomicAdd)
NEEDLE_HOST_ATOMIC(atomicAdd, float)
NEEDLE_HOST_ATOMIC(atomicAdd, double)
NEEDLE_HOST_ATOMIC(atomicSub, int)
NEEDLE_HOST_ATOMIC(atomicSub, unsigned int)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicExch)
NEEDLE_HOST_ATOMIC(atomicExch, float)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicMin)
NEEDLE_HOST_ATOMIC_LONG(atomicMin)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicMax)
NEEDLE_HOST_ATOMIC_LONG(atomicMax)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicAnd)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicOr)
NEEDLE_HOST_ATOMIC_INTEGERS(atomicXor)
NEEDLE_HOST_ATOMIC(atomicInc, unsigned int)
NEEDLE_HOST_ATOMIC(atomicDec, unsigned int)

#undef NEEDLE_HOST_ATOMIC
#undef NEEDLE_HOST_ATOMIC_INTEGERS
#undef NEEDLE_HOST_ATOMIC_LONG

int atomicCAS(int* address, int compare, int value);
unsigned int atomicCAS(unsigned int* address, unsigned int compare, unsigned int value);
unsigned long long int atomicCAS(unsigned long long int* address, unsigned long long int compare,
                                 unsigned long long int value);
unsigned short int atomicCAS(unsigned short int* address, unsigned short int compare,
                             unsigned short int value);
