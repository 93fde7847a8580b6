// std::atomic and the guards of static variables, in host code that is compiled like kernels.

#include <cstdint>

using Byte = std::uint8_t;
using Half = std::uint16_t;
using Word = std::uint32_t;
using Double = std::uint64_t;

#define NEEDLE_HOST_UPDATE(bits, T, name)                                  \
  T __tsan_atomic##bits##_##name(volatile T* address, T value, int order); \
  T __tsan_atomic##bits##_##name(volatile T* address, T value, int) {      \
    return __atomic_##name(address, value, __ATOMIC_SEQ_CST);              \
  }
#define NEEDLE_HOST_EXCHANGE(bits, T, name, weak)                                         \
  int __tsan_atomic##bits##_##name(volatile T* address, T* expected, T value, int, int);  \
  int __tsan_atomic##bits##_##name(volatile T* address, T* expected, T value, int, int) { \
    return __atomic_compare_exchange_n(address, expected, value, weak, __ATOMIC_SEQ_CST,  \
                                       __ATOMIC_SEQ_CST);                                 \
  }
#define NEEDLE_HOST_ATOMICS(bits, T)                                    \
  T __tsan_atomic##bits##_load(const volatile T* address, int);         \
  T __tsan_atomic##bits##_load(const volatile T* address, int) {        \
    return __atomic_load_n(address, __ATOMIC_SEQ_CST);                  \
  }                                                                     \
  void __tsan_atomic##bits##_store(volatile T* address, T value, int);  \
  void __tsan_atomic##bits##_store(volatile T* address, T value, int) { \
    __atomic_store_n(address, value, __ATOMIC_SEQ_CST);                 \
  }                                                                     \
  T __tsan_atomic##bits##_exchange(volatile T* address, T value, int);  \
  T __tsan_atomic##bits##_exchange(volatile T* address, T value, int) { \
    return __atomic_exchange_n(address, value, __ATOMIC_SEQ_CST);       \
  }                                                                     \
  NEEDLE_HOST_UPDATE(bits, T, fetch_add)                                \
  NEEDLE_HOST_UPDATE(bits, T, fetch_sub)                                \
  NEEDLE_HOST_UPDATE(bits, T, fetch_and)                                \
  NEEDLE_HOST_UPDATE(bits, T, fetch_or)                                 \
  NEEDLE_HOST_UPDATE(bits, T, fetch_xor)                                \
  NEEDLE_HOST_EXCHANGE(bits, T, compare_exchange_strong, false)         \
  NEEDLE_HOST_EXCHANGE(bits, T, compare_exchange_weak, true)

extern "C" {

NEEDLE_HOST_ATOMICS(8, Byte)
NEEDLE_HOST_ATOMICS(16, Half)
NEEDLE_HOST_ATOMICS(32, Word)
NEEDLE_HOST_ATOMICS(64, Double)

void __tsan_atomic_thread_fence(int);
void __tsan_atomic_thread_fence(int) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
void __tsan_atomic_signal_fence(int);
void __tsan_atomic_signal_fence(int) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

}  // extern "C"
