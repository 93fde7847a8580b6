#include "cpu/pack.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace needle {
namespace {

/// Copies past the caches: whole lines of them are written, and none is read first.
void stream_copy(char* to, const char* from, std::int64_t bytes) {
#if defined(__SSE2__)
  constexpr std::int64_t kWidth = 16;
  const auto head = std::min<std::int64_t>(
      bytes, static_cast<std::int64_t>(-reinterpret_cast<std::uintptr_t>(to) % 64));
  std::memcpy(to, from, static_cast<std::size_t>(head));
  std::int64_t at = head;
  for (; at + kWidth <= bytes; at += kWidth) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + at),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at)));
  }
  std::memcpy(to + at, from + at, static_cast<std::size_t>(bytes - at));
#else
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
#endif
}

/// Columns `column` to `column + count` of a block, one after the other.
template <class T>
void pack_columns(T* to, const T* from, const Block& block, std::int64_t column, std::int64_t count,
                  std::int64_t first_row) {
  for (std::int64_t j = column; j < column + count; ++j) {
    const T* source = from + j * block.column_stride;
    for (std::int64_t i = first_row; i < block.rows; ++i) {
      to[i * block.columns + j] = source[i * block.row_stride];
    }
  }
}

/// Asks for 4 columns of a block. The processor foresees steps along a line of memory only, so that
/// a transposed walk would wait for each line; addresses that do not exist are ignored.
[[maybe_unused]] void prefetch(const std::uint32_t* from, const Block& block) {
  for (std::int64_t row = 0; row < block.rows; row += 16) {
    for (int k = 0; k < 4; ++k) __builtin_prefetch(from + row + k * block.column_stride);
  }
}

/// Squares of 4 x 4 elements are turned around in registers, where there are such instructions.
void pack_transposed(std::uint32_t* to, const std::uint32_t* from, const Block& block) {
  std::int64_t column = 0;
#if defined(__SSE2__)
  constexpr std::int64_t kAhead = 16;
  const std::int64_t rows = block.row_stride == 1 ? block.rows & ~std::int64_t{3} : 0;
  for (; column + 4 <= block.columns; column += 4) {
    const std::uint32_t* source = from + column * block.column_stride;
    std::uint32_t* target = to + column;
    prefetch(source + kAhead * block.column_stride, block);
    for (std::int64_t row = 0; row < rows; row += 4) {
      __m128 lines[4];
      for (int k = 0; k < 4; ++k) {
        lines[k] =
            _mm_loadu_ps(reinterpret_cast<const float*>(source + row + k * block.column_stride));
      }
      _MM_TRANSPOSE4_PS(lines[0], lines[1], lines[2], lines[3]);
      for (int k = 0; k < 4; ++k) {
        _mm_storeu_ps(reinterpret_cast<float*>(target + (row + k) * block.columns), lines[k]);
      }
    }
    pack_columns(to, from, block, column, 4, rows);
  }
#endif
  pack_columns(to, from, block, column, block.columns - column, 0);
}

template <class T>
void pack_transposed(T* to, const T* from, const Block& block) {
  pack_columns(to, from, block, 0, block.columns, 0);
}

template <class T>
void pack_rows(T* to, const T* from, const Block& block) {
  for (std::int64_t row = 0; row < block.rows; ++row) {
    const T* line = from + row * block.row_stride;
    if (block.column_stride == 1) {
      std::memcpy(to, line, static_cast<std::size_t>(block.columns) * sizeof(T));
    } else if (block.column_stride == 0) {
      std::fill_n(to, block.columns, *line);
    } else {
      for (std::int64_t i = 0; i < block.columns; ++i) to[i] = line[i * block.column_stride];
    }
    to += block.columns;
  }
}

template <class T>
void pack_as(void* to, const void* from, const Block& block) {
  T* target = static_cast<T*>(to);
  const T* source = static_cast<const T*>(from);
  if (block.repeats()) {
    std::fill_n(target, block.size(), *source);
  } else if (block.row_stride != 0 && std::abs(block.row_stride) < std::abs(block.column_stride)) {
    pack_transposed(target, source, block);
  } else {
    pack_rows(target, source, block);
  }
}

template <class T>
void scatter(void* to, const void* from, const Block& block) {
  const T* source = static_cast<const T*>(from);
  for (std::int64_t row = 0; row < block.rows; ++row) {
    T* line = static_cast<T*>(to) + row * block.row_stride;
    for (std::int64_t i = 0; i < block.columns; ++i) line[i * block.column_stride] = *source++;
  }
}

}  // namespace

void pack(void* to, const void* from, const Block& block, std::int64_t item_size) {
  switch (item_size) {
    case 8:
      return pack_as<std::uint64_t>(to, from, block);
    case 4:
      return pack_as<std::uint32_t>(to, from, block);
    default:
      return pack_as<std::uint8_t>(to, from, block);
  }
}

void unpack(void* to, const void* from, const Block& block, std::int64_t item_size, bool stream) {
  if (block.columns == 1 || block.column_stride == 1) {
    const bool flat = block.flat();
    const std::int64_t bytes = (flat ? block.size() : block.columns) * item_size;
    for (std::int64_t row = 0; row < (flat ? 1 : block.rows); ++row) {
      char* line = static_cast<char*>(to) + row * block.row_stride * item_size;
      const char* source = static_cast<const char*>(from) + row * bytes;
      if (stream) {
        stream_copy(line, source, bytes);
      } else {
        std::memmove(line, source, static_cast<std::size_t>(bytes));
      }
    }
    return;
  }
  switch (item_size) {
    case 8:
      return scatter<std::uint64_t>(to, from, block);
    case 4:
      return scatter<std::uint32_t>(to, from, block);
    default:
      return scatter<std::uint8_t>(to, from, block);
  }
}

void end_stream() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace needle
