#pragma once
// What conv.cpp asks of an instruction set, beside the matrix product. Plain structures only,
// because conv_isa.cpp is compiled once per set (see isa.h).

#include <cstdint>

namespace needle {

template <class T>
struct ConvKernels {
  /// Copies `lines` lines of `count` neighbouring numbers; strides are from line to line.
  void (*copy_lines)(const T* from, std::int64_t from_stride, T* to, std::int64_t to_stride,
                     std::int64_t lines, std::int64_t count);
};

struct ConvTable {
  ConvKernels<float> float32;
  ConvKernels<double> float64;
};

namespace baseline {
const ConvTable& conv_table();
}
namespace avx2 {
const ConvTable& conv_table();
}
namespace avx512 {
const ConvTable& conv_table();
}

}  // namespace needle
